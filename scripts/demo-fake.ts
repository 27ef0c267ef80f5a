import { createFakeClient } from '../src/libcontainerd/fake/index.js';
import { hear } from './demo-scenes.js';

/** Needs no root and no Linux. */
export async function fakeDemo(): Promise<void> {
  console.log(
    'demo: the same calls on the in-memory fake, which runs a program of JavaScript in place of a container:',
  );
  await using client = createFakeClient({
    programs: {
      hello: async (program) => {
        program.stdout.write('Hello from the fake\n');
        return 42;
      },
    },
  });
  const container = await client.newContainer('hello', {
    spec: { ociVersion: '1.0.2', process: { args: ['hello'], cwd: '/' }, root: { path: '/nowhere' } },
  });
  const { attach, said } = hear();
  const task = await container.newTask({ stdio: { attach } });
  await task.start();
  const { code } = await task.wait({ timeoutMs: 10_000 });
  console.log(`  ${(await said()).trim()}, exit code ${code}`);
  await task.delete();
  await container.delete();
}
