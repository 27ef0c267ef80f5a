import type { Socket } from 'node:net';
import process from 'node:process';
import { errorText, toEngineError } from '../../errdefs/index.js';
import type { Logger } from '../../log/logger.js';
import { LineServer } from '../../platform/detached-peer/line-server.js';
import { formatReply, type KeeperRequest, MAX_LINE, parseRequest } from './keeper-protocol.js';
import type { KeptRuns } from './kept-runs.js';

export interface KeeperServerOptions {
  readonly socketPath: string;
  readonly runs: KeptRuns;
  /** How long nobody is connected before it is looked whether there is something to do, in milliseconds. */
  readonly idleMs: number;
  readonly log: Logger;
  /** Called once there is nothing to do and no engine, or another engine has said that it is not needed. */
  readonly onIdle: () => void;
}

/** Answers engines on a socket that only its user can open: who can open it can have a log written anywhere. */
export class KeeperServer {
  readonly #options: KeeperServerOptions;
  readonly #server: LineServer;

  constructor(options: KeeperServerOptions) {
    const { socketPath, runs, idleMs, log, onIdle } = options;
    this.#options = options;
    this.#server = new LineServer({
      socketPath,
      encoding: 'utf8',
      maxLine: MAX_LINE,
      onLine: (line, socket) => void this.#answer(socket, line),
      idleMs,
      isIdle: async () => {
        await runs.finishRemoved();
        return runs.busy === 0;
      },
      onIdle,
      onError: (err) => log.error({ err }, 'serve engines'),
    });
  }

  /** @throws the system's error */
  listen(): Promise<void> {
    return this.#server.listen();
  }

  /** Removes the socket, unless another keeper has put its own there. */
  removeSocket(): void {
    this.#server.removeSocket();
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
}
