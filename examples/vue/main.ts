/**
 * A machine in Vue 3, as a render function. In a template it is `<vm-console ref="machine" arch="riscv64" @vm-state="…">`, with the compiler told
 * that `vm-console` is none of Vue's components: `isCustomElement: (tag) => tag === 'vm-console'`.
 */
import type { VmConsole, VmState } from 'snowglobe/vm-console';
import type {} from 'snowglobe/vue';
import { createApp, defineComponent, type GlobalComponents, h, ref } from 'vue';

type MachineProps = InstanceType<GlobalComponents['vm-console']>['$props'];

const Machine = defineComponent(() => {
  const machine = ref<VmConsole>();
  const state = ref<VmState>('created');
  const props: MachineProps = {
    arch: 'riscv64',
    memory: 512,
    append: 'console=ttyS0',
    theme: 'auto',
    firmware: 'images/firmware/opensbi-riscv64/fw_dynamic.bin',
    kernel: 'images/riscv64-debian/vmlinux',
    initrd: 'images/riscv64-debian/initrd.gz',
    onVmState: ({ detail }) => {
      state.value = detail;
    },
  };
  return () => [
    h('vm-console', { ...props, ref: machine }),
    h('p', `The machine is ${state.value}.`),
    h('button', { onClick: () => void machine.value?.start() }, 'Boot'),
  ];
});

const App = defineComponent(() => {
  const shown = ref(true);
  return () => [
    shown.value && h(Machine),
    h(
      'button',
      {
        onClick: () => {
          shown.value = !shown.value;
        },
      },
      `${shown.value ? 'Remove' : 'Show'} the machine`,
    ),
  ];
});

createApp(App).mount('#app');
