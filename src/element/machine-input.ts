/** What keys and pointer do to a machine while its screen has the focus. */
import { keyboardLayout } from '../core/keyboard-layouts.ts';
import type { TouchInput, Unsubscribe, Vm } from '../core/vm-api.ts';
import type { SharedClipboard } from './shared-clipboard.ts';
import type { ScreenInput } from './screen-panel.ts';

/** Wheel events in pixels come in steps of about this much for a notch; those in lines have three. */
const PIXELS_PER_NOTCH = 100;
const LINES_PER_NOTCH = 3;
/** A touch that is shorter and moves less is a click. */
const TAP_MS = 300;
const TAP_PIXELS = 10;
/** How long the click of a tap lasts. One without length is lost on programs that look for the button when they hear of it, as jwm's bar does. */
const CLICK_MS = 80;

/** Browsers number the middle button 2 in `buttons` and the right one 1, as PS/2 mice do. */
const LEFT = 1;
const RIGHT = 2;

/** What fingers are: as the guest's devices suggest, a touch screen wherever the guest can follow one, or a trackpad. */
export const TOUCH_MODES = ['auto', 'screen', 'trackpad'] as const;
export type TouchMode = (typeof TOUCH_MODES)[number];
/** On a trackpad two fingers turn the wheel by a notch for so many CSS pixels. */
const PIXELS_PER_SCROLL = 30;

/** The bit of the keyboard's lamps that Caps Lock has. */
const CAPS_LAMP = 4;
/** Apple's systems tell of Caps Lock when it goes on and when it goes off, and not that a key goes up while Command is down. */
const APPLE = /Mac|iPhone|iPad/;

interface Place {
  x: number;
  y: number;
}

interface Touch {
  x: number;
  y: number;
  startX: number;
  startY: number;
  at: number;
}

/** Whether the tree that an element is in has caught the pointer; other elements' locks are none of ours. */
function lockedIn(element: Element): boolean {
  return (element.getRootNode() as ShadowRoot | Document).pointerLockElement !== null;
}

/**
 * Keys go to the guest by their place. The mouse is caught by a click, as in QEMU, unless the guest follows an absolute pointer; Control
 * and Alt together let it go. A finger moves the pointer as on a trackpad, or is where the pointer is if the guest follows an absolute one; a tap clicks, one with two
 * fingers clicks right. Where the guest has a touch screen all fingers are its own. With the mode `trackpad` they move the pointer whatever the guest has.
 */
export class MachineInput implements ScreenInput {
  readonly #vm: () => Vm | null;
  readonly #own: { leave(): void; paste(): void };
  readonly #clipboard: Pick<SharedClipboard, 'before' | 'pasted'>;
  readonly #touches = new Map<number, Touch>();
  /** Fingers on a guest's touch screen. */
  readonly #contacts = new Map<number, TouchInput>();
  #fingers = 0;
  /** The button that a tap has pressed. */
  #pressed: { timer: number; release(): void } | null = null;
  #wheel = 0;
  /** Parts of counts that slow movements leave. */
  #restX = 0;
  #restY = 0;
  #controlAt = 0;
  /** A key that pastes, and those after it, while the guest gets the text. */
  #late: [string, boolean][] | null = null;
  /** Where a trackpad has left an absolute pointer. */
  #spot: Place = { x: 0.5, y: 0.5 };
  /** What has caught the pointer. */
  #locked: Element | null = null;
  /** What fingers are. */
  touchMode: TouchMode = 'auto';
  /** Name of the guest's keyboard layout. */
  layout: string | null = null;
  /** The guest's lamps; null: it has not set them. */
  #lamps: number | null = null;
  #leaveLamps: Unsubscribe = () => {};
  /** Caps Lock is as it is on this side. */
  #agreed = false;

  /**
   * @param vm the machine of now
   * @param own Ctrl+F6 moves the focus out of the screen, for people without a mouse; Ctrl+Shift+V types what was copied
   * @param clipboard what a guest with an agent pastes
   */
  constructor(
    vm: () => Vm | null,
    own: { leave(): void; paste(): void },
    clipboard: Pick<SharedClipboard, 'before' | 'pasted'>,
  ) {
    this.#vm = vm;
    this.#own = own;
    this.#clipboard = clipboard;
  }

  /** Follows the lamps of another machine, or of none. */
  attach(vm: Vm | null): void {
    this.#leaveLamps();
    this.#lamps = null;
    this.#agreed = false;
    this.#leaveLamps =
      vm?.input.onLeds((lit) => {
        this.#lamps = lit;
      }) ?? (() => {});
  }

  key(code: string, down: boolean, event: KeyboardEvent): boolean {
    const vm = this.#vm();
    if (!vm) return false;
    const { input } = vm;
    if (code === '' || code === 'Unidentified') return this.#placeless(vm, down, event);
    const apple = APPLE.test(navigator.platform);
    if (code === 'CapsLock') {
      this.#agreed = true;
      if (!apple) return input.key(code, down);
      input.press([code]);
      return true;
    }
    if (down) this.#agree(vm, event);
    if (down && event.ctrlKey && event.altKey) this.#unlock();
    // The console's own keys, as on the terminal.
    if (down && event.ctrlKey && (code === 'F6' || (event.shiftKey && code === 'KeyV'))) {
      input.releaseKeys();
      if (code === 'F6') this.#own.leave();
      else this.#own.paste();
      return true;
    }
    if (code === 'KeyV' && down && !event.repeat && event.ctrlKey && !event.altKey) {
      const keys: [string, boolean][] = [[code, true]];
      const waits = this.#clipboard.before(() => {
        if (this.#late !== keys) return;
        this.#late = null;
        // They are none of another machine's.
        if (this.#vm() !== vm) return;
        for (const [late, wasDown] of keys) input.key(late, wasDown);
      });
      if (waits) {
        this.#late = keys;
        return false;
      }
    }
    if (this.#late) {
      if (!event.repeat) this.#late.push([code, down]);
      return true;
    }
    // The guest's keyboard repeats by itself.
    if (event.repeat) return true;
    if (down && code === 'ControlLeft') this.#controlAt = event.timeStamp;
    // Windows sends a Control that nobody pressed before AltGr.
    if (down && code === 'AltRight' && event.key === 'AltGraph' && event.timeStamp - this.#controlAt < 5) {
      input.key('ControlLeft', false);
    }
    const taken = input.key(code, down);
    if (apple && down && event.metaKey && !code.startsWith('Meta')) input.key(code, false);
    return taken;
  }

  /** Screen keyboards, dictation and scanners send characters that are on no key: they are typed. */
  #placeless(vm: Vm, down: boolean, { key, ctrlKey, altKey, metaKey }: KeyboardEvent): boolean {
    if ([...key].length !== 1 || ctrlKey || altKey || metaKey) return false;
    if (down) void vm.input.type(key, keyboardLayout(this.layout));
    return true;
  }

  /** Caps Lock may have been pressed while the keyboard was elsewhere. Asked once: a guest's lamp is late. */
  #agree(vm: Vm, event: KeyboardEvent): void {
    if (this.#agreed) return;
    this.#agreed = true;
    if (this.#lamps === null) return;
    const lit = (this.#lamps & CAPS_LAMP) !== 0;
    if (event.getModifierState('CapsLock') !== lit) vm.input.press(['CapsLock']);
  }

  pasted(text: string): void {
    this.#clipboard.pasted(text);
  }

  blur(): void {
    this.#late = null;
    this.#agreed = false;
    this.#vm()?.input.releaseKeys();
    this.#unlock();
  }

  pointer(
    event: PointerEvent | WheelEvent,
    at: { x: number; y: number; width: number; height: number },
  ): boolean {
    const input = this.#vm()?.input;
    if (!input) return false;
    const place = {
      x: at.x / Math.max(at.width - 1, 1),
      y: at.y / Math.max(at.height - 1, 1),
    };
    const element = event.currentTarget as HTMLElement;
    if (event instanceof WheelEvent) {
      // What no pointer is on scrolls the page.
      if (!input.absolute && !lockedIn(element)) return false;
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? PIXELS_PER_NOTCH : LINES_PER_NOTCH;
      this.#wheel += event.deltaY / unit;
      const wheel = Math.trunc(this.#wheel);
      this.#wheel -= wheel;
      if (wheel !== 0) input.pointer({ ...(input.absolute && place), wheel, buttons: event.buttons });
      return true;
    }
    if (event.pointerType === 'touch' && input.multitouch && this.touchMode !== 'trackpad') {
      if (event.type === 'pointerdown' || this.#contacts.has(event.pointerId))
        this.#contacts.set(event.pointerId, { id: event.pointerId, ...place });
      if (event.type === 'pointerup' || event.type === 'pointercancel')
        this.#contacts.delete(event.pointerId);
      input.touch([...this.#contacts.values()]);
      return true;
    }
    if (event.pointerType === 'touch') {
      this.#touch(event, input.absolute && this.touchMode !== 'trackpad' ? place : null);
      return true;
    }
    if (input.absolute) {
      this.#spot = place;
      input.pointer({ ...place, buttons: event.buttons });
      return true;
    }
    if (!lockedIn(element)) {
      // The click that catches the pointer is not the guest's.
      if (event.type === 'pointerdown' && event.button === 0) void this.#lock(element);
      return false;
    }
    if (event.type === 'pointermove') this.#move(event.movementX, event.movementY, event.buttons);
    else input.pointer({ buttons: event.buttons });
    return true;
  }

  #unlock(): void {
    if (this.#locked && lockedIn(this.#locked)) this.#locked.ownerDocument.exitPointerLock();
    this.#locked = null;
  }

  async #lock(place: Element): Promise<void> {
    this.#locked = place;
    try {
      // Without the system's acceleration, where there is a choice: the guest has its own.
      await place.requestPointerLock({ unadjustedMovement: true });
    } catch {
      await Promise.resolve(place.requestPointerLock()).catch(() => {});
    }
  }

  #move(dx: number, dy: number, buttons: number): void {
    this.#restX += dx;
    this.#restY += dy;
    const [x, y] = [Math.trunc(this.#restX), Math.trunc(this.#restY)];
    this.#restX -= x;
    this.#restY -= y;
    this.#vm()?.input.pointer({ dx: x, dy: y, buttons });
  }

  /** Moves the pointer of a trackpad by CSS pixels. */
  #glide(event: PointerEvent, dx: number, dy: number): void {
    const input = this.#vm()?.input;
    if (!input?.absolute) {
      this.#move(dx, dy, 0);
      return;
    }
    const { width, height } = (event.currentTarget as Element).getBoundingClientRect();
    const within = (value: number): number => Math.min(Math.max(value, 0), 1);
    this.#spot = { x: within(this.#spot.x + dx / width), y: within(this.#spot.y + dy / height) };
    input.pointer({ ...this.#spot, buttons: 0 });
  }

  /** Two fingers on a trackpad; each of them moves by itself, so each turns the wheel by half. */
  #scroll(dy: number): void {
    this.#wheel -= dy / 2 / PIXELS_PER_SCROLL;
    const wheel = Math.trunc(this.#wheel);
    this.#wheel -= wheel;
    const input = this.#vm()?.input;
    if (wheel !== 0) input?.pointer({ ...(input.absolute && this.#spot), wheel, buttons: 0 });
  }

  /** @param place where the finger is, if that is where the pointer goes; null: the finger moves it */
  #touch(event: PointerEvent, place: Place | null): void {
    const { pointerId, clientX: x, clientY: y, timeStamp } = event;
    const input = this.#vm()?.input;
    const touch = this.#touches.get(pointerId);
    if (event.type === 'pointerdown') {
      this.#release();
      this.#touches.set(pointerId, { x, y, startX: x, startY: y, at: timeStamp });
      this.#fingers = Math.max(this.#fingers, this.#touches.size);
      if (place && this.#fingers === 1) input?.pointer({ ...place, buttons: 0 });
      return;
    }
    if (!touch) return;
    if (event.type === 'pointermove') {
      if (this.#touches.size === 1) {
        if (place) input?.pointer({ ...place, buttons: 0 });
        else this.#glide(event, x - touch.x, y - touch.y);
      } else if (!place && this.#touches.size === 2) this.#scroll(y - touch.y);
      Object.assign(touch, { x, y });
      return;
    }
    this.#touches.delete(pointerId);
    if (this.#touches.size > 0) return;
    const still = Math.hypot(x - touch.startX, y - touch.startY) < TAP_PIXELS;
    const button = this.#fingers > 1 ? RIGHT : LEFT;
    this.#fingers = 0;
    // What the browser has taken for a gesture of its own is none of the guest's.
    if (event.type === 'pointercancel' || !still || timeStamp - touch.at > TAP_MS) return;
    const spot = place ?? (input?.absolute ? this.#spot : null);
    input?.pointer({ ...spot, buttons: button });
    this.#pressed = {
      timer: setTimeout(() => this.#release(), CLICK_MS),
      release: () => input?.pointer({ ...spot, buttons: 0 }),
    };
  }

  /** Ends a tap's click where it began. */
  #release(): void {
    if (!this.#pressed) return;
    clearTimeout(this.#pressed.timer);
    this.#pressed.release();
    this.#pressed = null;
  }
}
