import { builtSpecCases } from '../../integration/oci/built-spec-cases.js';

builtSpecCases('runc');
builtSpecCases('crun');
