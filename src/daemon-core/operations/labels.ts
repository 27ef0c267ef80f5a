/** What the engine writes on the backend's containers, to know them again. */
export const ENGINE_LABEL = 'libcontainerd.engine';
/** The number of the run that it was made for. */
export const RUN_LABEL = 'libcontainerd.run';
/** When it was asked for: the time of a start whose record was not saved any more. */
export const STARTED_LABEL = 'libcontainerd.started';
