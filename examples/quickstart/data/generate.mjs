// Writes products.csv: the same 3,000 products on every run. No field contains a comma.
import { writeFileSync } from 'node:fs'

const COUNT = 3_000
const GOODS = {
  tea: ['Assam', 'Sencha', 'Earl Grey', 'Rooibos', 'Peppermint', 'Oolong'],
  coffee: ['Espresso Roast', 'Filter Roast', 'Decaf', 'Cold Brew', 'House Blend'],
  spices: ['Paprika', 'Cumin', 'Saffron', 'Cardamom', 'Nutmeg', 'Black Pepper', 'Turmeric'],
  pasta: ['Spaghetti', 'Penne', 'Orzo', 'Farfalle', 'Linguine'],
  preserves: ['Apricot Jam', 'Orange Marmalade', 'Fig Chutney', 'Lemon Curd', 'Heather Honey'],
  cheese: ['Cheddar', 'Gouda', 'Feta', 'Pecorino', 'Stilton', 'Comté'],
  oils: ['Olive Oil', 'Walnut Oil', 'Sesame Oil', 'Cider Vinegar', 'Balsamic Vinegar'],
  sweets: ['Dark Chocolate', 'Nougat', 'Butter Toffee', 'Marzipan', 'Ginger Biscuits'],
}
const KINDS = ['Organic', 'Smoked', 'Aged', 'Stoneground', 'Wild', 'Fine', 'Farmhouse', 'Reserve', 'Mild', 'Dark']
const ORIGINS = ['Portugal', 'Kenya', 'Japan', 'Italy', 'Scotland', 'Greece', 'India', 'Peru', 'France', 'Turkey']
const SIZES = ['100 g', '250 g', '500 g', '1 kg']
const NOTES = [
  'keeps for a year',
  'best kept cool',
  'made by hand',
  'from one harvest',
  'packed to order',
  'a pantry staple',
]

const random = mulberry32(20_240_229)
const pick = (list) => list[Math.floor(random() * list.length)]

const rows = Array.from({ length: COUNT }, (_, index) => {
  const category = pick(Object.keys(GOODS))
  const name = `${pick(KINDS)} ${pick(GOODS[category])} ${pick(SIZES)}`
  const origin = pick(ORIGINS)
  const priceCents = 150 + Math.floor(random() * 3_850)
  const stock = Math.floor(random() * 200)
  return [
    `p${index + 1}`,
    name,
    category,
    origin,
    priceCents,
    stock,
    `${name} from ${origin}: ${pick(NOTES)}; ${pick(NOTES)}`,
  ]
})
const lines = [['id', 'name', 'category', 'origin', 'priceCents', 'stock', 'description'], ...rows]
writeFileSync(new URL('products.csv', import.meta.url), `${lines.map((line) => line.join(',')).join('\n')}\n`)

/** A small random number generator with a seed: numbers from 0 to 1, the same ones every time. */
function mulberry32(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
