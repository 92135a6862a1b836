import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDeclarations } from './declarations.ts'

const source = `
import { Model } from "base";
/**
 * A boat.
 *
 * It floats.
 */
export interface IBoat extends TypeMeta {
    "kind": "Boat";
    /**
     * How many sails. Matches a*\\/b.
     *  - two are usual
     */
    "sails"?: number;
    "crew": {
        /**
         * Not a field of the boat.
         */
        "size": number;
    };
    /**
     * Behind it.
     */
    "x-wake"?: string;
}
/**
 * A boat.
 */
export declare class Boat extends Model<IBoat> implements IBoat {
    "sails"?: number;
}
`

test('comments go to the interface and its own fields', () => {
  assert.deepEqual(parseDeclarations(source), [
    {
      name: 'Boat',
      texts: {
        '': 'A boat.\n\nIt floats.',
        sails: 'How many sails. Matches a*/b.\n - two are usual',
        'x-wake': 'Behind it.',
      },
    },
  ])
})

test('a file without interfaces has nothing', () => {
  assert.deepEqual(parseDeclarations('export type IQuantity = number | string;\n'), [])
})
