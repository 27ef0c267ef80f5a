// Regenerates src/protocol/gen from src/protocol/proto. Needs no network.
//   node scripts/gen.mjs           write the tree
//   node scripts/gen.mjs --check   fail when the committed tree is not what the generator writes
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const target = path.join('src', 'protocol', 'gen');

/** Runs buf so that the plugin's output lands in `<base>/src/protocol/gen`. */
function generate(base) {
  const buf = path.join(root, 'node_modules', '@bufbuild', 'buf', 'bin', 'buf');
  const result = spawnSync(process.execPath, [buf, 'generate', '--output', base], { cwd: root, stdio: 'inherit' });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`buf generate failed (${result.status ?? result.signal})`);
}

function filesUnder(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort();
}

/** Lists how `actual` differs from `expected`, one line a file. */
function differences(expected, actual) {
  const wanted = new Set(filesUnder(expected));
  const found = new Set(filesUnder(actual));
  const lines = [];
  for (const file of [...new Set([...wanted, ...found])].sort()) {
    if (!found.has(file)) lines.push(`missing: ${file}`);
    else if (!wanted.has(file)) lines.push(`extra:   ${file}`);
    else if (!readFileSync(path.join(expected, file)).equals(readFileSync(path.join(actual, file)))) {
      lines.push(`stale:   ${file}`);
    }
  }
  return lines;
}

if (process.argv.includes('--check')) {
  const scratch = mkdtempSync(path.join(tmpdir(), 'protocol-gen-'));
  try {
    generate(scratch);
    const lines = differences(path.join(scratch, target), path.join(root, target));
    if (lines.length > 0) {
      console.error(`${target} does not match src/protocol/proto; run "npm run gen":\n  ${lines.join('\n  ')}`);
      process.exitCode = 1;
    } else {
      console.log(`${target} is up to date`);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
} else {
  generate(root);
}
