import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InternalError, InvalidArgumentError } from '../../errdefs/index.js';
import { parsePsOutput, validatePsArgs } from './ps-output.js';

const OUTPUT = `UID          PID    PPID  C STIME TTY          TIME CMD
root           1       0  0 10:00 ?        00:00:01 /sbin/init
root         100       1  0 10:00 ?        00:00:00 sh -c  sleep 1;   true
daemon       101     100  0 10:00 pts/0    00:00:00 sleep

`;

describe('parsePsOutput', () => {
  it('takes the processes asked for, with their whole command', () => {
    assert.deepEqual(parsePsOutput(OUTPUT, [101, 100, 9]), {
      Titles: ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD'],
      Processes: [
        ['root', '100', '1', '0', '10:00', '?', '00:00:00', 'sh -c sleep 1; true'],
        ['daemon', '101', '100', '0', '10:00', 'pts/0', '00:00:00', 'sleep'],
      ],
    });
    assert.deepEqual(parsePsOutput(OUTPUT, []).Processes, []);
  });

  it('takes the threads of these processes, and of no other', () => {
    const output =
      '  PID TTY  STAT\n    5 ?    -\n    - -    Ss\n    6 ?    -\n    - -    S\n    - -    Sl\n    7 ?    -\n    - -    S\n';
    assert.deepEqual(parsePsOutput(output, [6]).Processes, [
      ['6', '?', '-'],
      ['-', '-', 'S'],
      ['-', '-', 'Sl'],
    ]);
  });

  it('takes a PID that is the last column', () => {
    assert.deepEqual(parsePsOutput('CMD PID\nsh 7\n', [7]).Processes, [['sh', '7']]);
  });

  it('refuses output without pids', () => {
    const refuses = (output: string, message: RegExp) => {
      assert.throws(
        () => parsePsOutput(output, [1]),
        (err: unknown) => err instanceof InternalError && message.test(err.message),
      );
    };
    refuses('', /Couldn't find PID field in ps output/);
    refuses('UID CMD\nroot sh\n', /Couldn't find PID field in ps output/);
    refuses('CMD PID\nsh x\n', /Unexpected pid 'x'/);
    refuses('CMD PID\nsh\n', /Unexpected pid ''/);
  });

  it('does not part fields at blanks that are not of ASCII', () => {
    assert.deepEqual(parsePsOutput('PID CMD\n1 a\u00a0b\u2003c\n', [1]).Processes, [['1', 'a\u00a0b\u2003c']]);
  });
});

describe('validatePsArgs', () => {
  for (const args of [' -ef', ' -o pid', ' -o pid=PID', ' -o pid= PIDS', ' -eo user,pid,cmd', ' aux']) {
    it(`takes ${args}`, () => validatePsArgs(args));
  }
  for (const args of [' -o ppid=PID', ' -o pid,ppid=PID', ' -o uid=  PIDX']) {
    it(`refuses ${args}`, () => assert.throws(() => validatePsArgs(args), InvalidArgumentError));
  }
});
