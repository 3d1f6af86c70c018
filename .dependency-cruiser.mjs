import { readdirSync } from 'node:fs';

/** Packages from the innermost layer outwards; `apps/*` is the layer after the last. Imports point inwards only. */
const LAYERS = [
  ['core'],
  ['telemetry', 'admin-api', 'testkit'],
  ['near-cache', 'tier-keydb', 'bus-nats', 'admin-client'],
  ['cache'],
  ['config', 'gateway-cache', 'mcp-store', 'keyv', 'testing', 'simulator', 'bench', 'chaos'],
];

/** Layers whose packages are alternatives to one another, and so may not import a peer either. */
const LAYERS_WITHOUT_PEERS = new Set([2]);

/** The folders that may import a vendor's module; nobody else may. */
const VENDORS = [
  { module: 'ioredis', folders: ['packages/tier-keydb', 'packages/bench'] },
  { module: '@nats-io/', folders: ['packages/bus-nats', 'packages/bench'] },
  { module: 'lru-cache', folders: ['packages/near-cache', 'packages/bench'] },
  { module: '@opentelemetry/(?!api/)', folders: ['apps/[^/]+', 'packages/bench'] },
];

/** What does not ship: tests, and an app's benches and pictures, which are built on them. */
const TESTS = '[.]test(-d)?[.]ts$|^(packages|apps)/[^/]+/test/|^apps/[^/]+/(bench|pictures)/';

const unplaced = readdirSync('packages').filter((folder) => !LAYERS.flat().includes(folder));
if (unplaced.length > 0) {
  throw new Error(`give ${unplaced.join(', ')} a layer in .dependency-cruiser.mjs`);
}

function layerRules() {
  return LAYERS.flatMap((folders, layer) =>
    folders.map((folder) => {
      const outer = LAYERS.slice(layer + 1).flat();
      const peers = LAYERS_WITHOUT_PEERS.has(layer) ? folders.filter((peer) => peer !== folder) : [];
      const forbidden = [...outer, ...peers].map((name) => `packages/${name}`);
      return {
        name: `layer-${layer}-${folder}`,
        comment: 'Imports point to an inner layer; adapters do not know one another.',
        severity: 'error',
        from: { path: `^packages/${folder}/` },
        to: { path: `^(${[...forbidden, 'apps/[^/]+'].join('|')})/` },
      };
    }),
  );
}

function vendorRules() {
  return VENDORS.map(({ module, folders }) => ({
    name: `vendor-${module.replaceAll(/[^a-z-]/g, '')}`,
    comment: `Only ${folders.join(', ')} may import ${module}; tests may look behind an adapter, and bench measures it bare.`,
    severity: 'error',
    from: { pathNot: [`^(${folders.join('|')})/`, TESTS] },
    to: { path: `node_modules/${module}${module.endsWith('/') || module.endsWith(')') ? '' : '/'}` },
  }));
}

export default {
  forbidden: [
    ...layerRules(),
    ...vendorRules(),
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or need a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'apps-are-apart',
      comment: 'An app shares code with another one through a package.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'packages-by-name',
      comment: 'Another package is imported by its name, never by a path into its files.',
      severity: 'error',
      from: { path: '^((packages|apps)/[^/]+)/' },
      to: { dependencyTypes: ['local'], path: '^(packages|apps)/', pathNot: '^$1/' },
    },
    {
      name: 'core-is-pure',
      comment: 'The protocol has no I/O and no vendors: it imports its own files only.',
      severity: 'error',
      from: { path: '^packages/core/src/', pathNot: TESTS },
      to: { pathNot: '^packages/core/src/' },
    },
    {
      name: 'cache-knows-ports',
      comment: 'The cache is given its tier and bus; it names neither adapter.',
      severity: 'error',
      from: { path: '^packages/cache/src/' },
      to: { path: '^packages/(tier-keydb|bus-nats)/' },
    },
    {
      name: 'adapters-built-in-wiring',
      comment: 'One place in an app builds the adapters: its wiring.',
      severity: 'error',
      from: { path: '^apps/[^/]+/src/', pathNot: ['^apps/[^/]+/src/wiring([.]ts$|/)', TESTS] },
      to: { path: '^packages/(tier-keydb|bus-nats)/' },
    },
    {
      name: 'testkit-from-tests',
      comment: 'Fakes and server launchers never reach what ships.',
      severity: 'error',
      from: { pathNot: ['^packages/(testkit|simulator|bench|chaos)/', '^scripts/', TESTS] },
      to: { path: '^packages/testkit/' },
    },
    {
      name: 'no-tests-in-sources',
      severity: 'error',
      from: { pathNot: TESTS },
      to: { path: TESTS },
    },
    {
      name: 'dev-dependencies-in-tests',
      comment: 'What ships may only import what its package.json installs.',
      severity: 'error',
      from: { path: '^(packages|apps)/[^/]+/src/', pathNot: TESTS },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['npm', 'npm-peer'] },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(packages|apps)/[^/]+/dist/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@lockstep/source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.json'],
    },
  },
};
