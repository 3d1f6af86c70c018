import { describe, expect, it } from 'vitest';
import { FakeClock } from './fake-clock.ts';

describe('a fake clock', () => {
  it('calls what is due in order of time, at its own time, and then of request', () => {
    const clock = new FakeClock(0);
    const calls: string[] = [];
    const note = (name: string) => () => calls.push(`${name} at ${clock.monotonicMs()}`);
    clock.after(20, note('late'));
    clock.after(10, note('first'));
    clock.after(10, note('second'));
    clock.after(31, note('beyond'));
    clock.advance(30);
    expect(calls).toEqual(['first at 10', 'second at 10', 'late at 20']);
    expect(clock.monotonicMs()).toBe(30);
    expect(clock.waiting).toBe(1);
  });

  it('calls what a callback schedules within the span', () => {
    const clock = new FakeClock(0);
    const calls: number[] = [];
    const tick = (): void => {
      calls.push(clock.monotonicMs());
      clock.after(10, tick);
    };
    clock.after(10, tick);
    clock.advance(35);
    expect(calls).toEqual([10, 20, 30]);
  });

  it('does not call what was cancelled', () => {
    const clock = new FakeClock(0);
    const calls: string[] = [];
    const cancel = clock.after(10, () => calls.push('cancelled'));
    clock.after(5, cancel);
    clock.advance(20);
    expect(calls).toEqual([]);
    expect(clock.waiting).toBe(0);
  });

  it('run lets promises settle between calls, so that what they schedule is called too', async () => {
    const clock = new FakeClock(0);
    const calls: number[] = [];
    const loop = async (): Promise<void> => {
      for (let round = 0; round < 3; round += 1) {
        await new Promise<void>((resolve) => clock.after(10, resolve));
        await Promise.resolve();
        calls.push(clock.monotonicMs());
      }
    };
    const looping = loop();
    await clock.run(30);
    await looping;
    expect(calls).toEqual([10, 20, 30]);
  });

  it('a jump moves wall time alone', () => {
    const clock = new FakeClock(0);
    const calls: string[] = [];
    clock.after(10, () => calls.push('called'));
    clock.jump(100);
    expect({ now: clock.nowMs(), monotonic: clock.monotonicMs(), calls }).toEqual({
      now: 100,
      monotonic: 0,
      calls: [],
    });
    clock.advance(10);
    expect({ now: clock.nowMs(), monotonic: clock.monotonicMs(), calls }).toEqual({
      now: 110,
      monotonic: 10,
      calls: ['called'],
    });
  });
});
