import { daemonCases } from '../cases/daemon-cases.js';

daemonCases('embedded core');
