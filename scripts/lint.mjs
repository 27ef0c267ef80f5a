// All that is checked without running the code: formatting and lint rules, types, import rules, file lengths, the
// freshness of generated code. Runs every check and names those that failed.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const HARD_LIMIT = 500;
const SOFT_LIMIT = 300;

const node = (...args) => ({ command: process.execPath, args });
const bin = (path, ...args) => node(join(root, 'node_modules', path), ...args);

const checks = {
  format: () => run(bin('@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.')),
  types: () => run(bin('typescript7/bin/tsc', '-p', 'tsconfig.test.json', '--noEmit')),
  imports: checkImports,
  'file length': checkFileLength,
  'generated code': () => run(node(join(root, 'scripts/gen.mjs'), '--check')),
};

const failed = Object.entries(checks)
  .filter(([name, check]) => {
    const problem = check();
    console.log(problem === undefined ? `ok    ${name}` : `FAIL  ${name}\n${problem}`);
    return problem !== undefined;
  })
  .map(([name]) => name);
if (failed.length > 0) {
  console.error(`lint: ${failed.join(', ')} failed`);
  process.exitCode = 1;
}

function run({ command, args }) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (error !== undefined) return String(error);
  return status === 0 ? undefined : `${stdout}${stderr}`.trim();
}

// dependency-cruiser calls it a success when it understood no file at all (it does with TypeScript 7): so count.
function checkImports() {
  const { command, args } = bin('dependency-cruiser/bin/dependency-cruise.mjs', '--output-type', 'json', 'src');
  const { stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 });
  let summary;
  let modules;
  try {
    ({ summary, modules } = JSON.parse(stdout));
  } catch {
    return `dependency-cruiser did not answer: ${stderr}`;
  }
  const sources = listSources('src');
  const seen = new Set(modules.map((module) => module.source));
  const missed = sources.filter((file) => !seen.has(file));
  if (sources.length === 0 || missed.length > 0) {
    return `looked at ${sources.length - missed.length} of ${sources.length} modules, not at ${missed.slice(0, 5).join(', ')}`;
  }
  const edges = modules.reduce((sum, module) => sum + module.dependencies.length, 0);
  if (edges === 0) return 'found no import in any module';
  if (summary.violations.length === 0) return undefined;
  return summary.violations
    .map(({ rule, from, to, cycle }) => `${rule.name}: ${from} -> ${cycle?.map(({ name }) => name).join(' -> ') ?? to}`)
    .join('\n');
}

function checkFileLength() {
  const long = ['src', 'test', 'bench', 'examples', 'scripts']
    .flatMap(listSources)
    .map((file) => [file, readFileSync(join(root, file), 'utf8').split('\n').length - 1])
    .filter(([, lines]) => lines > SOFT_LIMIT);
  for (const [file, lines] of long) console.log(`      ${file} has ${lines} lines; the soft limit is ${SOFT_LIMIT}`);
  const over = long.filter(([, lines]) => lines > HARD_LIMIT);
  return over.length === 0 ? undefined : over.map(([file, lines]) => `${file} has ${lines} lines`).join('\n');
}

function listSources(folder) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|mjs)$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)))
    .filter((file) => !file.startsWith('src/protocol/gen/'));
}
