/** Doors of the gallery whose machines take long to be made, or to start. */
import { testDoors } from './support/doors.ts';

testDoors(true);
