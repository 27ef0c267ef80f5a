// The import rules of the design (section 4), checked by `npm run lint`. A folder imports from lower layers or itself.
const LAYERS = {
  errdefs: 0,
  log: 0.2,
  telemetry: 0.2,
  platform: 0.5,
  protocol: 1,
  oci: 1,
  cio: 1,
  shim: 1.5,
  runtimes: 2,
  shimv1: 2,
  shimv2: 2,
  oom: 2,
  stats: 2,
  libcontainerd: 3,
  images: 3,
  network: 3,
  volumes: 3,
  'daemon-core': 4,
  'engine-api': 5,
  metrics: 5,
  cli: 5,
  cmd: 6,
};

const names = Object.keys(LAYERS);

const layerRules = names.map((folder) => ({
  name: `layer-${folder}`,
  comment: `src/${folder} (layer ${LAYERS[folder]}) imports only from lower layers and from itself`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: {
    path: `^src/(${names.filter((other) => other !== folder && LAYERS[other] >= LAYERS[folder]).join('|') || '-'})/`,
  },
}));

/** Each package has one home: what imports it elsewhere goes round our error mapping or our fallbacks. */
const homes = [
  ['@grpc/grpc-js', '^src/protocol/grpc/'],
  ['koffi', '^src/platform/'],
  ['prom-client', '^src/(metrics|cmd)/'],
  ['dockerode', '^src/cli/'],
  ['pino', '^src/log/'],
];

const homeRules = homes.map(([name, home]) => ({
  name: `home-of-${name.replace(/\W+/g, '-')}`,
  comment: `${name} is imported only under ${home}`,
  severity: 'error',
  from: { path: '^src/', pathNot: home },
  to: { path: `node_modules/${name}/` },
}));

module.exports = {
  forbidden: [
    ...layerRules,
    ...homeRules,
    {
      name: 'no-cycles',
      comment: 'a cycle between files hides which of them is the lower one',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true, viaOnly: { pathNot: '^src/protocol/gen/' } },
    },
    {
      name: 'unknown-folder',
      comment:
        'every folder of src has its layer in .dependency-cruiser.cjs; there is no utils, helpers, common or misc',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: `^src/(${names.join('|')})/` },
      to: {},
    },
    {
      name: 'backends-apart',
      comment: 'remote and local know nothing of each other, nor of the fake and the suite',
      severity: 'error',
      from: { path: '^src/libcontainerd/(remote|local)/' },
      to: { path: '^src/libcontainerd/(remote|local|fake|testsuite)/', pathNot: '^src/libcontainerd/$1/' },
    },
    {
      name: 'suite-knows-no-backend',
      comment: 'what stands for every backend must not lean on one',
      severity: 'error',
      from: {
        path: '^src/libcontainerd/(fake|testsuite|objects)/|^src/libcontainerd/[^/]+\\.ts$',
        pathNot: 'connect\\.ts$',
      },
      to: { path: '^src/libcontainerd/(remote|local)/' },
    },
    {
      name: 'wire-types-stop-at-the-seam',
      comment: 'generated protobuf types never reach daemon-core or above',
      severity: 'error',
      from: { path: '^src/(daemon-core|engine-api|metrics|cli|cmd|images|network|volumes)/' },
      to: { path: '^src/protocol/gen/' },
    },
    {
      name: 'spawning-has-homes',
      comment: 'processes are started only where their life is looked after',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: '^src/(platform|shim|shimv1|shimv2|cmd)/|^src/libcontainerd/remote/managed/|\\.test\\.ts$|/testing/',
      },
      to: { path: '^(node:)?child_process$' },
    },
    {
      name: 'stdio-keeper-is-small',
      comment: 'its program stays in memory beside every engine: it has no logger, no error classes, no package',
      severity: 'error',
      from: { path: '^src/shim/stdio-keeper/keeper-main\\.ts$' },
      to: { path: '^src/(?!shim/stdio-keeper/|platform/detached-peer/)|node_modules/', reachable: true },
    },
    {
      name: 'tests-are-not-imported',
      severity: 'error',
      comment: 'product code must not depend on tests',
      from: { path: '^src/', pathNot: '\\.test\\.ts$' },
      to: { path: '\\.test\\.ts$|^test/' },
    },
    {
      name: 'unresolvable',
      severity: 'error',
      from: { path: '^src/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.test.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types', 'default'] },
  },
};
