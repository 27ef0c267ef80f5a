import { UnavailableError } from '../../errdefs/index.js';
import type { Container, RestoredContainer } from '../../libcontainerd/types.js';
import { ENGINE_LABEL, RUN_LABEL } from '../operations/labels.js';
import type { ContainerRecord } from '../state/record.js';

/** What the backend has under a container's id. */
export type Found =
  | { readonly kind: 'nothing' }
  /** It could not be learned: it may be alive. */
  | { readonly kind: 'unclear'; readonly error: Error }
  /** Of an older run, or made by nobody we know: it has no business there. */
  | { readonly kind: 'leftover'; readonly container: Container }
  | { readonly kind: 'run'; readonly run: number; readonly found: RestoredContainer };

/** Holds what the backend has against the record: only the run that the record knows, or was starting, is its own. */
export function judge(record: ContainerRecord, found: RestoredContainer | undefined): Found {
  if (found === undefined) return { kind: 'nothing' };
  const run = runOf(found.container);
  const isOurs = run !== undefined && (run === record.state.run || run === record.starting);
  if (!isOurs) return { kind: 'leftover', container: found.container };
  if (found.error !== undefined) return { kind: 'unclear', error: found.error };
  if (found.task?.state.status === 'unknown') {
    const error = new UnavailableError(`restore container ${record.id}: its runtime does not tell whether it lives`, {
      fields: { containerId: record.id },
    });
    return { kind: 'unclear', error };
  }
  return { kind: 'run', run, found };
}

export function runOf(container: Container): number | undefined {
  const label = container.labels[RUN_LABEL];
  return label !== undefined && /^[1-9]\d{0,14}$/.test(label) ? Number(label) : undefined;
}

/** Whether this engine has made it. */
export function isOfEngine(container: Container, engineId: string): boolean {
  return container.labels[ENGINE_LABEL] === engineId;
}
