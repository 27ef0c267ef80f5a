/** A promise that is settled from outside, by whoever comes first. That nobody waits for it when it fails is no fault. */
export class Settleable<T> {
  readonly promise: Promise<T>;
  readonly settle: (value: T) => void;
  readonly fail: (error: Error) => void;

  constructor() {
    let settle: (value: T) => void = () => {};
    let fail: (error: Error) => void = () => {};
    this.promise = new Promise<T>((resolve, reject) => {
      settle = resolve;
      fail = reject;
    });
    this.promise.catch(() => {});
    this.settle = settle;
    this.fail = fail;
  }
}
