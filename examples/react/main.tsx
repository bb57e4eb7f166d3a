/** A machine in React 19: attributes and events in JSX, methods by a ref. `vm-console.js` defines the element (index.html). */
import { useRef, useState } from 'react';
import { createRoot } from 'react-dom/client';
import type {} from 'snowglobe/react';
import type { VmConsole, VmState } from 'snowglobe/vm-console';

const DEBIAN = {
  firmware: 'images/firmware/opensbi-riscv64/fw_dynamic.bin',
  kernel: 'images/riscv64-debian/vmlinux',
  initrd: 'images/riscv64-debian/initrd.gz',
};

function Machine() {
  const machine = useRef<VmConsole>(null);
  const [state, setState] = useState<VmState>('created');
  return (
    <>
      <vm-console
        ref={machine}
        arch="riscv64"
        memory={512}
        append="console=ttyS0"
        theme="auto"
        onvm-state={({ detail }) => setState(detail)}
        {...DEBIAN}
      />
      <p>The machine is {state}.</p>
      <button type="button" onClick={() => void machine.current?.start()}>
        Boot
      </button>
    </>
  );
}

function App() {
  const [shown, setShown] = useState(true);
  return (
    <>
      {shown && <Machine />}
      <button type="button" onClick={() => setShown(!shown)}>
        {shown ? 'Remove' : 'Show'} the machine
      </button>
    </>
  );
}

createRoot(document.querySelector('#app')!).render(<App />);
