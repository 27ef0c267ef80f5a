/** Names of containers that were given none: `brisk_heron`. Colours, tempers and things of the harbour and the field. */
export const ADJECTIVES: readonly string[] = (
  'amber ample azure blithe bold brisk calm candid cheery civil clear copper coral cosy crisp deft dusky eager early even ' +
  'fair fleet frank gentle glad golden grand green hale handy hardy hazel humble ivory jolly keen kind late level light ' +
  'limber lucid mellow merry mild misty neat nimble olive patient plain polite proud quick quiet rapid ready ruddy rustic ' +
  'scarlet serene silver sleek snug sober solid spry steady still sturdy sunny supple sure swift tidy vivid warm willing wise'
).split(' ');

export const NOUNS: readonly string[] = (
  'acorn anchor anvil apple aspen badger barge basin beacon beech birch bobbin bridge brook buoy canoe cedar clover cobble ' +
  'compass cove crane creek cricket dinghy dock dune egret elm ember falcon fern ferry finch fjord gable garnet glade grove ' +
  'gull harbour harrow hawk hazel heath hedge heron hull inlet jetty juniper kestrel kiln lantern larch lark ledge linden ' +
  'loom maple marsh meadow mill moss oak orchard otter paddle pebble pier pine plough quarry quay raft reed ridge robin ' +
  'rowan sail sluice sparrow spruce thicket thistle tiller tower tulip valley walnut wharf willow wren yarrow'
).split(' ');
