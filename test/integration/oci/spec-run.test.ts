import { builtSpecCases } from './built-spec-cases.js';

builtSpecCases('runc');
builtSpecCases('crun');
