export { StdioKeeper, type StdioKeeperOptions } from './stdio-keeper.js';
