import { afterEach, beforeEach, describe } from 'vitest';
import { readsMany } from './tier-contract-batches.ts';
import { storesEntries } from './tier-contract-entries.ts';
import { losesTheNewest } from './tier-contract-failovers.ts';
import { fillsUnderLeases } from './tier-contract-fills.ts';
import { keepsHistories } from './tier-contract-histories.ts';
import { inspectsEntries } from './tier-contract-inspection.ts';
import { grantsLeases } from './tier-contract-leases.ts';
import { losesNothing } from './tier-contract-restarts.ts';
import { scansEntries } from './tier-contract-scans.ts';
import { comparesVersions } from './tier-contract-versions.ts';
import type { TierContractWorld } from './tier-scene.ts';
import { TierScene } from './tier-scene.ts';

/** Declares the tests that every `Tier` passes, the real one and the fake. */
export function tierContract(open: () => Promise<TierContractWorld>): void {
  describe('the tier contract', () => {
    const scene = new TierScene();

    beforeEach(async () => {
      scene.world = await open();
      scene.one = await scene.join();
      scene.two = await scene.join();
    });

    afterEach(async () => {
      await scene.end();
    });

    grantsLeases(scene);
    fillsUnderLeases(scene);
    storesEntries(scene);
    comparesVersions(scene);
    readsMany(scene);
    keepsHistories(scene);
    inspectsEntries(scene);
    scansEntries(scene);
    losesNothing(scene);
    losesTheNewest(scene);
  });
}
