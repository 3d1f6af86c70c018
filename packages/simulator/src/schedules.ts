import type { Schedule } from './scene.ts';

/** Longer than Δ with everything that is added to it, and shorter than the rights that a broken rule gives. */
const LATER_MS = 3_000;

/** The schedules written by hand, by name. */
export const SCHEDULES: Readonly<Record<string, Schedule>> = {
  'join-while-behind': {
    about: 'a node that is behind joins a load that a clear has overtaken unheard: the answer is marked',
    leaseMs: 10_000,
    play: async (scene) => {
      void scene.begin(0, { kind: 'load', target: 'a', loadMs: 8_000 });
      await scene.run(20);
      scene.offBus(0);
      scene.cut(0);
      await scene.ask(1, 'clear', 'a');
      await scene.run(LATER_MS);
      const joined = scene.begin(0, { kind: 'load', target: 'a' });
      scene.mend(0);
      // Fresh again, and the load goes on for those who wait for it.
      await scene.run(6_000);
      await joined;
    },
  },
  'overtaken-write': {
    about: 'a clear overtakes a write whose answer is on its way: the writer does not keep the value',
    play: async (scene) => {
      await scene.heartbeatOver(0);
      scene.answersTake(0, [200, 205]);
      const written = scene.begin(0, { kind: 'set', target: 'a' });
      await scene.run(5);
      await scene.ask(1, 'clear', 'a');
      await scene.run(220);
      await written;
      scene.answersTake(0, [1, 2]);
      await scene.run(LATER_MS);
      await scene.ask(0, 'get', 'a');
    },
  },
  'late-answer': {
    about: 'a lookup that waits for the tier no longer has ended, and a clear has come, when the tier answers it',
    play: async (scene) => {
      await scene.ask(0, 'set', 'a');
      await scene.heartbeatOver(1);
      scene.answersTake(1, [200, 205]);
      // Every other node waits for 100 ms.
      await scene.ask(1, 'get', 'a');
      await scene.ask(0, 'clear', 'a');
      await scene.run(220);
      scene.answersTake(1, [1, 2]);
      await scene.run(LATER_MS);
      await scene.ask(1, 'get', 'a');
    },
  },
  'slow-heartbeat': {
    about: 'a clear comes while a heartbeat waits for its answer: that heartbeat vouches for nothing after it was sent',
    play: async (scene) => {
      await scene.ask(0, 'load', 'a');
      scene.offBus(0);
      scene.answersTake(0, [235, 240]);
      await scene.heartbeatBegun(0);
      // The beat is answered after 240 ms, then the heads are read.
      await scene.run(250);
      await scene.ask(1, 'clear', 'a');
      await scene.run(240);
      scene.cut(0);
      await scene.run(1_820);
      await scene.ask(0, 'get', 'a');
    },
  },
  'newer-than-applied': {
    about: 'a failover takes away a write that a node has read, but not heard of: the node does not keep it',
    play: async (scene) => {
      await scene.ask(1, 'set', 'a');
      await scene.heartbeatOver(0);
      scene.offBus(0);
      await scene.heartbeatOver(0);
      const lostFromMs = scene.nowMs;
      await scene.run(5);
      await scene.ask(1, 'set', 'a');
      await scene.ask(0, 'get', 'a');
      await scene.failOver('data', { lostFromMs });
      await scene.run(LATER_MS);
    },
  },
  'isolated-primary': {
    about: 'a node that goes on talking to an isolated primary cannot vouch for what it has',
    play: async (scene) => {
      await scene.ask(0, 'load', 'a');
      scene.offBus(0);
      await scene.failOver('data', { lostFromMs: scene.nowMs, deceived: [0] });
      await scene.run(100);
      await scene.ask(1, 'clear', 'a');
      await scene.run(LATER_MS);
      await scene.ask(0, 'get', 'a');
    },
  },
  'wakes-behind': {
    about: 'a node that wakes up behind the clear of a tag does not judge entries by what it knows',
    play: async (scene) => {
      await scene.ask(0, 'load', 'a');
      scene.offBus(0);
      scene.node(0).machine.pause(LATER_MS);
      await scene.run(50);
      await scene.ask(1, 'clear-scope', 'tag red');
      // The call comes first when the node wakes.
      await scene.ask(0, 'get', 'a');
    },
  },
  'control-unread': {
    about: 'a node that learns of a new control history, but cannot read it, takes over none of it',
    play: async (scene) => {
      await scene.ask(0, 'load', 'a');
      scene.offBus(0);
      scene.fail(0, 'control');
      scene.cut(0);
      scene.stage.servers[0].flush();
      await scene.heartbeatOver(1);
      await scene.ask(1, 'clear-scope', 'tag red');
      scene.mend(0);
      await scene.run(LATER_MS);
      await scene.ask(0, 'get', 'a');
    },
  },
  'joins-before-a-fence': {
    about: 'a node joined before a fence, and hears nothing: the fence waits for it',
    play: async (scene) => {
      await scene.ask(0, 'fenced-clear', 'b');
      await scene.ask(0, 'load', 'a');
      const late = await scene.join();
      scene.offBus(late);
      await scene.ask(late, 'get', 'a');
      await scene.ask(0, 'fenced-clear', 'a');
      await scene.ask(late, 'get', 'a');
    },
  },
  'fence-after-failover': {
    about: 'the control server that took over does not know a member: a fence does not trust its list',
    play: async (scene) => {
      await scene.ask(0, 'load', 'a');
      const lostFromMs = scene.nowMs;
      const late = await scene.join();
      scene.offBus(late);
      await scene.ask(late, 'get', 'a');
      await scene.failOver('control', { lostFromMs, deceived: [late] });
      await scene.ask(0, 'fenced-clear', 'a');
      await scene.ask(late, 'get', 'a');
    },
  },
  'fence-after-flush': {
    about: 'the list of members was flushed, and nobody has noticed yet: a fence does not trust it (seed 117428)',
    play: async (scene) => {
      await scene.ask(2, 'load', 'a');
      await scene.heartbeatOver(0);
      scene.offBus(2);
      scene.stage.servers[0].flush();
      await scene.ask(0, 'fenced-clear', 'a');
      await scene.ask(2, 'get', 'a');
    },
  },
  'fence-beside-an-isolated-primary': {
    about:
      'a member acknowledges a fence, and a write of its own hides that it asks an isolated primary: the fence waits',
    play: async (scene) => {
      await scene.ask(0, 'load', 'a');
      await scene.heartbeatOver(2);
      await scene.failOver('data', { lostFromMs: scene.nowMs, deceived: [2] });
      await scene.ask(0, 'fenced-clear', 'a');
      await scene.ask(2, 'set', 'c');
      await scene.ask(2, 'get', 'a');
    },
  },
  'clock-jumps-in-a-fence': {
    about: 'wall time jumps while a fence waits: the fence goes by monotonic time',
    play: async (scene) => {
      await scene.ask(2, 'load', 'a');
      await scene.heartbeatOver(2);
      scene.offBus(2);
      scene.cut(2);
      scene.node(1).machine.pause(300);
      let isFenced = false;
      void scene.begin(0, { kind: 'fenced-clear', target: 'a' }).then(() => {
        isFenced = true;
      });
      await scene.run(50);
      scene.node(0).machine.jump(10_000);
      await scene.until('the fence', () => isFenced);
      await scene.run(1);
      await scene.ask(2, 'get', 'a');
    },
  },
  'clear-of-what-was-evicted': {
    about: 'a key is cleared that the tier has evicted, and a node still holds: the node hears of it',
    play: async (scene) => {
      await scene.ask(0, 'load', 'a');
      scene.stage.servers[1].evictSome(1);
      scene.offBus(0);
      await scene.ask(1, 'clear', 'a');
      await scene.run(LATER_MS);
      await scene.ask(0, 'get', 'a');
    },
  },
  'fill-of-an-isolated-primary': {
    about:
      'an isolated primary takes a silent fill: the node keeps the value as one that the tier does not hold (seeds 200692, 229977)',
    play: async (scene) => {
      await scene.failOver('data', { lostFromMs: scene.nowMs, deceived: [0] });
      await scene.ask(1, 'clear', 'a');
      await scene.run(50);
      await scene.ask(0, 'load', 'a');
      scene.stage.servers[1].endIsolation();
      await scene.run(8_000);
    },
  },
  'lost-write': {
    about:
      'a failover takes away a write that two nodes have heard of: they do not keep it, although nothing newer comes',
    play: async (scene) => {
      await scene.ask(1, 'set', 'a');
      await scene.heartbeatOver(2);
      scene.offBus(2);
      const lostFromMs = scene.nowMs;
      await scene.run(5);
      await scene.ask(0, 'set', 'a');
      await scene.run(10);
      await scene.failOver('data', { lostFromMs });
      await scene.ask(2, 'get', 'a');
      await scene.run(LATER_MS);
      await scene.ask(0, 'get', 'a');
    },
  },
};
