import { builtSpecCases } from '../../integration/oci/built-spec-cases.js';

builtSpecCases('runc', { brief: true });
builtSpecCases('crun', { brief: true });
