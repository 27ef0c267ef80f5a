// For all that has the seam's CallOptions; what is below the seam imports it where it is.
export { remaining, withDefault, withinCall } from '../platform/within-call.js';
