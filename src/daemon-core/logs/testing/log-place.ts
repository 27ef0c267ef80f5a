import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { ContainerLog, LogEntry, LogStream, LogWriter, ReadLogsOptions } from '../log-driver.js';
import { type OpenLogOptions, openContainerLog } from '../open-log.js';

/** A folder for the logs of one test. */
export class LogPlace {
  readonly folder = mkdtempSync(join(tmpdir(), 'container-log-'));
  readonly #logs: ContainerLog[] = [];

  open(config: Record<string, string> = {}, options: Partial<OpenLogOptions> = {}): ContainerLog {
    const log = openContainerLog({
      folder: this.folder,
      id: 'c1',
      logConfig: { Type: 'json-file', Config: config },
      ...options,
    });
    this.#logs.push(log);
    return log;
  }

  names(): string[] {
    return readdirSync(this.folder).sort();
  }

  text(name: string): string {
    const bytes = readFileSync(join(this.folder, name));
    return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
  }

  remove(): void {
    for (const log of this.#logs) log.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Writes as the fan-out does: waits when it is told to. */
export async function put(writer: LogWriter, stream: LogStream, ...chunks: (string | Buffer)[]): Promise<void> {
  for (const chunk of chunks) {
    if (!writer.write(stream, Buffer.from(chunk))) await writer.ready();
  }
}

/** One run that prints that. */
export async function print(log: ContainerLog, ...chunks: (string | Buffer)[]): Promise<void> {
  const writer = await log.openWriter();
  await put(writer, 'stdout', ...chunks);
  await writer.close();
}

export async function entries(log: ContainerLog, options?: ReadLogsOptions): Promise<LogEntry[]> {
  const all: LogEntry[] = [];
  for await (const entry of log.read(options)) all.push(entry);
  return all;
}

export async function lines(log: ContainerLog, options?: ReadLogsOptions): Promise<string[]> {
  return (await entries(log, options)).map(({ line }) => line.toString());
}

/** `from\n` to `to\n`. */
export function numbered(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `${from + i}\n`);
}
