// Run as a child process: an engine whose twenty callers create, start, exec in, stop and remove containers all the time, to
// be killed in the middle. Arguments: folder, rootfs, seed. Says on stdout, before or after it is so, what its test must
// know: "created ID" after, "removing ID" before.
import { writeSync } from 'node:fs';
import { createEngine, type Engine, type EngineContainer } from '../../../src/daemon-core/index.js';
import { seededRandom } from '../local/random.js';
import { engineOptions, SLEEP, sh } from './engine-host.js';

const CALLERS = 20;
const MOST = 24;
const [, , folder = '', rootfs = '', seed = '0'] = process.argv;
const random = seededRandom(Number(seed));
const engine = await createEngine(engineOptions(folder));

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

async function create(on: Engine): Promise<void> {
  const config = random() < 0.3 ? sh(`sleep 0.${Math.floor(random() * 9)}; exit ${Math.floor(random() * 100)}`) : SLEEP;
  const { container } = await on.create({
    config,
    hostConfig: { NetworkMode: 'none' },
    rootfs: { kind: 'overlay', layers: [rootfs] },
  });
  say(`created ${container.id}`);
  await container.start();
}

async function execute(c: EngineContainer): Promise<void> {
  const exec = c.exec({ Cmd: ['/bin/sleep', random() < 0.5 ? '0' : '5'] });
  await exec.start({ detach: true });
}

async function change(c: EngineContainer): Promise<void> {
  const choice = random();
  if (choice < 0.2) await c.start();
  else if (choice < 0.5) await execute(c);
  else if (choice < 0.7) await c.stop({ timeoutSeconds: 0 });
  else if (choice < 0.8) await c.restart({ timeoutSeconds: 0 });
  else if (choice < 0.85) await c.pause().then(() => c.unpause());
  else {
    say(`removing ${c.id}`);
    await c.remove({ force: true });
  }
}

async function call(): Promise<never> {
  for (;;) {
    const all = engine.list();
    const some = all[Math.floor(random() * all.length)];
    // Callers get in each other's way, and are refused; that is a part of it.
    await (some === undefined || (all.length < MOST && random() < 0.4) ? create(engine) : change(some)).catch(
      (err: unknown) => {
        if (err instanceof Error && (err.name === 'InternalError' || !('code' in err))) say(`failed ${err.stack}`);
      },
    );
  }
}

say('begin');
await Promise.all(Array.from({ length: CALLERS }, call));
