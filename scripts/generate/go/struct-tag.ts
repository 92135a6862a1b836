/** The parts of a struct tag by key: `json:"a,omitempty" protobuf:"bytes,1,opt"`. */
export function parseStructTag(tag: string): Map<string, string> {
  return new Map(Array.from(tag.matchAll(/(\w+):"([^"]*)"/g), ([, key = '', value = '']) => [key, value]))
}
