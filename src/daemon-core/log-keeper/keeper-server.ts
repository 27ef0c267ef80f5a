import { renameSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import process from 'node:process';
import { errorText, toEngineError } from '../../errdefs/index.js';
import type { Logger } from '../../log/logger.js';
import { LineSplitter } from '../../shim/stdio-keeper/keeper-protocol.js';
import { formatReply, type KeeperRequest, MAX_LINE, parseRequest } from './keeper-protocol.js';
import type { KeptRuns } from './kept-runs.js';

/** Whoever can open the socket can have a log written anywhere. */
const SOCKET_UMASK = 0o177;

export interface KeeperServerOptions {
  readonly socketPath: string;
  readonly runs: KeptRuns;
  /** How long nobody is connected before it is looked whether there is something to do, in milliseconds. */
  readonly idleMs: number;
  readonly log: Logger;
  /** Called once there is nothing to do and no engine, or another engine has said that it is not needed. */
  readonly onIdle: () => void;
}

/** Answers engines on a socket that only its user can open. */
export class KeeperServer {
  readonly #options: KeeperServerOptions;
  readonly #server: Server;
  #connections = 0;
  #quiet: NodeJS.Timeout | undefined;
  #inode = 0;

  constructor(options: KeeperServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  async listen(): Promise<void> {
    const { socketPath, log } = this.#options;
    // Under another name first: it takes the place of what a dead keeper left in one step, with nothing missing between.
    const temporary = `${socketPath}.${process.pid}`;
    const umask = process.umask(SOCKET_UMASK);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject);
        this.#server.listen(temporary, resolve);
      });
    } finally {
      process.umask(umask);
    }
    // A connection that could not be accepted is no reason to end.
    this.#server.removeAllListeners('error').on('error', (err) => log.error({ err }, 'accept an engine'));
    this.#inode = statSync(temporary).ino;
    renameSync(temporary, socketPath);
    this.#awaitQuiet();
  }

  /** Removes the socket, unless another keeper has put its own there. */
  removeSocket(): void {
    const { socketPath } = this.#options;
    if (statSync(socketPath, { throwIfNoEntry: false })?.ino === this.#inode) rmSync(socketPath, { force: true });
  }

  #serve(socket: Socket): void {
    this.#connections += 1;
    clearTimeout(this.#quiet);
    const lines = new LineSplitter(MAX_LINE);
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      const complete = lines.push(text);
      if (complete === undefined) socket.destroy();
      for (const line of complete ?? []) void this.#answer(socket, line);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#connections -= 1;
      this.#awaitQuiet();
    });
  }

  async #answer(socket: Socket, line: string): Promise<void> {
    let id = 0;
    const { pid } = process;
    try {
      const { id: asked, request } = parseRequest(line);
      id = asked;
      await this.#perform(request);
      socket.write(formatReply({ id, ok: true, pid, errorClass: 'unknown', text: '' }));
      if (request.verb === 'retire') socket.end(() => this.#options.onIdle());
    } catch (err) {
      const { errorClass } = toEngineError(err);
      socket.write(formatReply({ id, ok: false, pid, errorClass, text: errorText(err) }));
    }
  }

  async #perform(request: KeeperRequest): Promise<void> {
    const { runs } = this.#options;
    if (request.verb === 'open') await runs.open(request);
    else if (request.verb === 'finish') await runs.finish(request.id);
    else if (request.verb === 'forget') await runs.forget(request.id);
    else if (request.verb === 'retire') await runs.letGoOfAll();
  }

  #awaitQuiet(): void {
    if (this.#connections > 0) return;
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => void this.#endIfIdle(), this.#options.idleMs);
  }

  async #endIfIdle(): Promise<void> {
    const { runs, onIdle } = this.#options;
    await runs.finishRemoved();
    if (this.#connections > 0) return;
    if (runs.busy === 0) onIdle();
    else this.#awaitQuiet();
  }
}
