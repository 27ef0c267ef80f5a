/** The file system of a container, as the host sees it before it is mounted. */
export interface RootfsView {
  /** Folders of the host, the uppermost first. A rootfs that is a folder has one. */
  readonly layers: readonly string[];
}
