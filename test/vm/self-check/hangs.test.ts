import { it } from 'node:test';

it('hangs on purpose', () => new Promise<never>(() => {}));
setInterval(() => {}, 60_000);
