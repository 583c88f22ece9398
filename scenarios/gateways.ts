/**
 * Gateways answer for themselves: ARP, neighbour discovery, echo; and report what they cannot forward.
 *
 * @module
 */
import { describe, expect, fabricTest, gateway, pathBetween, scenarioFabric } from 'ztos-twin/vitest'
import type { FabricView } from 'ztos-twin/vitest'

const test = fabricTest()
const fabric = scenarioFabric()

for (const { id } of fabric.hosts.filter((host) => gateway.gatewaysOf(host).length > 0)) {
  describe(id, () => {
    test('its gateway answers ARP, neighbour solicitations and echo requests', async ({ fabric, target }) => {
      const asking = gateway.gatewaysOf(fabric.host(id))
      const seen = await target.send([
        ...asking.flatMap((one) => gateway.gatewayQuestion(one) ?? []),
        ...asking.map((one, index) => gateway.echoRequest(one, 100 + index)),
      ])
      await expect(seen).toAnswer()
    })

    test('its gateway reports what ends there', async ({ fabric, target }) => {
      const frames = gateway.gatewaysOf(fabric.host(id)).flatMap((one) => [
        gateway.reportedPacket(one, 'no-listener', one.gateway),
        ...gateway.unroutable(fabric, one).flatMap((nowhere) => [
          gateway.reportedPacket(one, 'no-route', nowhere),
        ]),
        ...beyond(fabric, id, one).map((address) => gateway.reportedPacket(one, 'ttl-exceeded', address)),
      ])
      const seen = await target.send(frames)
      await expect(seen).toAnswer()
    })
  })
}

/** An address of a host in another network to which the gateway routes. */
function beyond(of: FabricView, id: string, asking: gateway.Asking) {
  const from = of.host(id)
  const tenant = of.tenant(from.tenant)
  const family = typeof asking.gateway === 'bigint' ? 6 : 4
  return tenant.hosts
    .filter((to) => pathBetween(tenant, from, to, family).kind === 'routed')
    .flatMap(({ addresses }) => addresses.map(({ address }) => address))
    .filter((address) => typeof address === typeof asking.gateway)
    .slice(0, 1)
}
