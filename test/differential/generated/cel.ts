import type { Chance } from '../../fuzz/chance.ts'

/** The types that expressions are made of. */
export type CelType = 'bool' | 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'strings' | 'ints' | 'map' | 'objects' | 'object' | 'timestamp' | 'duration' | 'quantity' | 'url' | 'ip' | 'cidr' | 'semver' | 'optional'

/** What names stand for what. */
export type Environment = Readonly<Partial<Record<CelType, readonly string[]>>>

/** How an expression is made: `#int` stands for an expression of that type. */
const SHAPES: Readonly<Record<CelType, readonly string[]>> = {
  bool: [
    'true', 'false', '!#bool', '#bool && #bool', '#bool || #bool', '#int == #int', '#int < #int', '#double >= #double', '#string == #string', '#string != #string', '#string < #string', '#string.startsWith(#string)', '#string.endsWith(#string)', '#string.contains(#string)', "#string.matches('^[a-z]+$')", '#string.matches(#string)', '#string in #strings', '#int in #ints', '#string in #map', '#strings == #strings', '#map == #map',
    '#strings.all(x, #string == x)', '#strings.exists(x, x.startsWith(#string))', '#ints.exists_one(i, i > #int)', '#map.all(k, k != #string)', '#map.exists(k, #map[k] == #string)', '#objects.all(o, o.n > #int)', '#objects.exists(o, has(o.s) && o.s == #string)', '#map.all(k, v, k != v)', '#strings.exists(i, v, i == #int && v == #string)', '#ints.existsOne(i, v, i == v)',
    'has(#object.s)', 'has(#object.n)', 'isQuantity(#string)', 'isURL(#string)', 'isIP(#string)', 'isCIDR(#string)', 'isSemver(#string)', '#quantity.isGreaterThan(#quantity)', '#quantity.isLessThan(#quantity)', '#quantity.isInteger()', '#quantity == #quantity', '#ints.isSorted()', '#strings.isSorted()', '#ip.isLoopback()', '#ip.isUnspecified()', '#ip.isGlobalUnicast()', 'ip.isCanonical(#string)', '#cidr.containsIP(#ip)', '#cidr.containsIP(#string)', '#cidr.containsCIDR(#cidr)', '#cidr == #cidr', '#semver.isGreaterThan(#semver)', '#semver.isLessThan(#semver)', '#timestamp > #timestamp', '#timestamp < #timestamp', '#duration > #duration', '#bytes == #bytes', '#optional.hasValue()', '#bool ? #bool : #bool', 'dyn(#int) == dyn(#double)', 'dyn(#string) == dyn(#int)', '#uint > #uint', 'type(#int) == int', '#strings.exists(x, #strings.all(y, x == y))', 'sets.contains(#strings, #strings)', 'sets.intersects(#ints, #ints)', 'sets.equivalent(#strings, #strings)', '!format.dns1123Label().validate(#string).hasValue()', "format.named('uuid').hasValue()", '#url.getScheme() == #string', 'double(#int) == #double', 'bool(#string)', '#object == #object', '#objects == #objects',
  ],
  int: ['0', '1', '-1', '42', '9223372036854775807', '#int + #int', '#int - #int', '#int * #int', '#int / #int', '#int % #int', '-#int', 'size(#string)', '#strings.size()', 'size(#map)', '#ints[#int]', '#ints.sum()', '#ints.min()', '#ints.max()', '#ints.indexOf(#int)', '#strings.lastIndexOf(#string)', '#string.indexOf(#string)', '#string.lastIndexOf(#string)', '#string.indexOf(#string, #int)', 'int(#double)', 'int(#string)', '#object.n', '#quantity.asInteger()', '#quantity.sign()', '#quantity.compareTo(#quantity)', '#timestamp.getFullYear()', "#timestamp.getHours('Europe/Zurich')", '#timestamp.getDayOfWeek()', '#duration.getSeconds()', '#duration.getMilliseconds()', '#ip.family()', '#cidr.prefixLength()', '#semver.major()', '#semver.patch()', '#semver.compareTo(#semver)', '#bool ? #int : #int', 'int(#timestamp)', 'size(#bytes)', '#optional.orValue(#int)', '#optional.value()', 'int(#uint)', '#ints[?#int].orValue(#int)'],
  uint: ['0u', '1u', '18446744073709551615u', '#uint + #uint', '#uint - #uint', '#uint * #uint', '#uint % #uint', 'uint(#int)', 'uint(#double)', 'uint(#string)'],
  double: ['0.0', '1.5', '-1e300', '1e-7', '#double + #double', '#double * #double', '#double / #double', '-#double', 'double(#int)', 'double(#string)', '#quantity.asApproximateFloat()', '#bool ? #double : #double', '[1.5, #double].sum()', '[#double, 2.0].max()'],
  string: ["''", "'a'", "'abc'", "'10.0.0.1'", "'2026-01-01T00:00:00Z'", "'1h'", "'é𝒳'", '"1.2.3"', "r'\\d'", '#string + #string', 'string(#int)', 'string(#double)', 'string(#bool)', 'string(#timestamp)', 'string(#duration)', 'string(#bytes)', 'string(#uint)', '#object.s', '#strings[#int]', '#map[#string]', "#map['a']", '#map.a', '#string.lowerAscii()', '#string.upperAscii()', '#string.trim()', '#string.substring(#int)', '#string.substring(#int, #int)', '#string.charAt(#int)', '#string.replace(#string, #string)', '#string.replace(#string, #string, #int)', '#strings.join(#string)', '#strings.join()', "#string.find('[a-z]+')", '#string.find(#string)', '#url.getHost()', '#url.getEscapedPath()', '#url.getHostname()', '#url.getPort()', 'string(#ip)', 'string(#cidr)', 'string(#cidr.masked())', "'%s %d'.format([#string, #int])", "'%.2f %e'.format([#double, #double])", "'%s'.format([#map])", "'%s %s'.format([#strings, #bool])", "'%x %X %o %b'.format([#int, #string, #int, #int])", "'%s %s'.format([#timestamp, #duration])", "'%q'.format([#string])", '#bool ? #string : #string', '#map[?#string].orValue(#string)', '#object.?s.orValue(#string)', 'strings.quote(#string)', "format.dns1123Label().validate(#string).orValue([#string])[0]", '#strings.filter(x, x != #string)[0]', '#strings.map(x, x + #string).join()'],
  bytes: ["b'abc'", "b'\\xff'", 'bytes(#string)', '#bytes + #bytes'],
  strings: ['[]', "['a', 'b']", '[#string, #string]', '#strings + #strings', '#string.split(#string)', "#string.split('', #int)", '#strings.filter(x, x.size() > #int)', '#strings.map(x, x + #string)', '#strings.map(x, x != #string, x)', '#ints.map(i, string(i))', '#map.map(k, k)', '#map.map(k, #map[k])', "#string.findAll('[a-c]')", "#string.findAll('.', #int)", '#objects.map(o, o.s)', '#bool ? #strings : #strings', '#strings.transformList(i, v, string(i) + v)', '#map.transformList(k, v, k + v)', '[[#string], #strings].flatten()', '#strings.distinct()', '#strings.sort()', '#strings.slice(0, #int)', '#strings.reverse()', "#url.getQuery()['a']"],
  ints: ['[]', '[1, 2, 3]', '[#int, #int]', '#ints + #ints', '#ints.map(i, i * 2)', '#ints.filter(i, i % 2 == 0)', '#strings.map(s, size(s))', 'lists.range(#int)', '#objects.map(o, o.n)'],
  map: ['{}', "{'a': 'b'}", "{#string: #string, 'c': #string}", '#map.transformMap(k, v, v + k)', '#map.transformMap(k, v, k != #string, v)', "#strings.transformMapEntry(i, v, {v: string(i)})", "{?'a': #map[?#string]}"],
  objects: [],
  object: ['#objects[0]', '#objects[#int]', '#objects.filter(o, o.n > #int)[0]'],
  timestamp: ["timestamp('2026-01-01T00:00:00Z')", 'timestamp(#string)', 'timestamp(#int)', '#timestamp + #duration', '#timestamp - #duration'],
  duration: ["duration('1h30m')", 'duration(#string)', '#duration + #duration', '#timestamp - #timestamp', '#duration - #duration'],
  quantity: ["quantity('1Gi')", "quantity('500m')", 'quantity(#string)', '#quantity.add(#quantity)', '#quantity.sub(#int)', '#quantity.sub(#quantity)'],
  url: ["url('https://a.example.com:80/x?a=b')", 'url(#string)'],
  ip: ["ip('10.0.0.1')", "ip('::1')", 'ip(#string)', '#cidr.ip()'],
  cidr: ["cidr('10.0.0.0/8')", 'cidr(#string)', '#cidr.masked()'],
  semver: ["semver('1.2.3')", 'semver(#string)', "semver('v1.2', true)", 'semver(#string, #bool)'],
  optional: ['optional.of(#int)', 'optional.none()', '#ints[?#int]', 'optional.ofNonZeroValue(#int)', '#object.?n', '#optional.or(#optional)', '#optional.optMap(v, v + 1)'],
}
const TYPES = Object.keys(SHAPES) as CelType[]
/** What ends a branch: the first shapes are literals. */
const LEAVES: Readonly<Partial<Record<CelType, number>>> = { bool: 2, int: 5, uint: 3, double: 4, string: 9, bytes: 2, strings: 2, ints: 2, map: 2, timestamp: 1, duration: 1, quantity: 2, url: 1, ip: 2, cidr: 1, semver: 1, optional: 2 }

/** Of functions that are not there. */
const UNKNOWN = ['cel.bind(x, 1, x)', 'math.abs(1)', "'a'.reverse()", "string(quantity('1'))", "'a'.isFormat('b')"]

/** An expression of a type in an environment; in `wrong` of the places one of another type stands. */
export function expression(type: CelType, environment: Environment, chance: Chance, { depth = 3, wrong = 0.03 } = {}): string {
  const of = chance.is(wrong) ? chance.pick(TYPES) : type
  const names = environment[of] ?? []
  if (chance.is(wrong / 3)) return chance.pick([...UNKNOWN, 'none', 'self.none', 'object.none.x', '(', "'", '1 +', 'has(self)', 'x.y.z()', '"\\u{1}"', '1.', '0x', 'a b', '[1, "a"]', '{1: 2, 1: 3}', 'null', '9999999999999999999', '[][0]', 'self[0]', 'size()', 'string(1, 2)'])
  if (names.length > 0 && chance.is(depth <= 0 ? 0.8 : 0.35)) return chance.pick(names)
  const shapes = SHAPES[of]
  const usable = depth <= 0 ? shapes.slice(0, LEAVES[of] ?? shapes.length) : shapes
  if (usable.length === 0) return names.length > 0 ? chance.pick(names) : '[]'
  const inner = chance.pick(usable).replaceAll(/#(\w+)/g, (_all, name: string) => grouped(expression(name as CelType, environment, chance, { depth: depth - 1, wrong })))
  return inner
}

const grouped = (text: string): string => (/^[\w.'"[\]{}()-]+$/.test(text) && !text.startsWith('-') ? text : `(${text})`)
