/**
 * The mapping of networks to VLANs, VNIs and VRFs.
 *
 * @module
 */
import { z } from 'zod'
import { Name, Vlan, Vni } from './fabric-values.js'

export const VNI_MAPPING_VERSION = 1
/** Which VLAN, VNI and VRF each network has: exported from a fabric, and given back to it. */
export const VniMapping = z
  .strictObject({
    format: z
      .literal('ztos-vni-mapping')
      .meta({ description: 'the name of the format', examples: ['ztos-vni-mapping'] }),
    version: z
      .literal(VNI_MAPPING_VERSION)
      .meta({ description: 'the version of the format, 1', examples: [VNI_MAPPING_VERSION] }),
    fabric: Name,
    vrfs: z
      .array(
        z
          .strictObject({
            vrf: Name,
            l3vni: Vni.optional(),
            networks: z
              .array(
                z.strictObject({ name: Name, vlan: Vlan.optional(), vni: Vni }).meta({
                  description: 'a network with its numbers',
                  examples: [{ name: 'web', vlan: 10, vni: 10010 }],
                }),
              )
              .meta({ description: 'a list of networks', examples: [[{ name: 'web', vni: 10010 }]] }),
          })
          .meta({
            description: 'the VRF of a tenant with its networks',
            examples: [{ vrf: 'shop', l3vni: 50001, networks: [] }],
          }),
      )
      .meta({ description: 'a list of VRFs', examples: [[{ vrf: 'shop', networks: [] }]] }),
  })
  .meta({
    description: 'a mapping of networks to VLANs, VNIs and VRFs',
    examples: [{ format: 'ztos-vni-mapping', version: 1, fabric: 'shop', vrfs: [] }],
  })
export type VniMapping = z.infer<typeof VniMapping>
