/** The folder that a shim works in; see `BundleStore`. */
export interface Bundle {
  readonly namespace: string;
  readonly id: string;
  /** Absolute path; the shim's working folder. Holds `config.json`, `rootfs/`, `work/`, `log`, `bootstrap.json`. */
  readonly path: string;
}
