/** A machine's balloon as the host sees it: in MiB, where the device counts pages. */
import type { VmBalloon } from '../core/vm-api.ts';
import type { VirtioBalloon } from '../hw/virtio/virtio-balloon.ts';

const PAGES_PER_MIB = 256;

export function hostBalloon(balloon: VirtioBalloon): VmBalloon {
  return {
    get target() {
      return balloon.target / PAGES_PER_MIB;
    },
    set target(mebibytes) {
      balloon.target = Math.max(0, Math.floor(mebibytes * PAGES_PER_MIB));
    },
    get actual() {
      return balloon.actual / PAGES_PER_MIB;
    },
    get reported() {
      return balloon.reported / 2 ** 20;
    },
    get stats() {
      return { ...balloon.stats };
    },
    refresh: () => balloon.refresh(),
  };
}
