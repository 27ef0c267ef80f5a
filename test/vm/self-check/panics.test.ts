import { writeFileSync } from 'node:fs';
import { it } from 'node:test';

it('panics the kernel on purpose', () => writeFileSync('/proc/sysrq-trigger', 'c'));
