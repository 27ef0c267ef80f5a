/**
 * The cases of the conformance suite whose outcome a runtime and the kernel decide by way of the cgroup. What else there is
 * proven on the machine outside, which is ten times as fast.
 */
export const CGROUP_CASES: readonly string[] = [
  'task: reports exit code 42, from wait, state, status and delete alike',
  'task: kills every process of the container when asked to',
  'task: force-deletes a task that was never started',
  'task: force-deletes a running task and an ended one',
  'task: refuses a program that is not in the root file system, and can remove what is left',
  'task: sees an OOM kill before the exit, in state and as an event',
  'exec: runs a process beside init, with its own stdio, pid and exit code',
  'exec: leaves nothing of an exec whose program is missing',
  'exec: ends outstanding execs when init ends',
  'stats: samples a task in the form that the capabilities name',
  'stats: samples many tasks at once, those asked for and no others',
];
