/**
 * Gateways answer for themselves: ARP, neighbour discovery, echo; and report what they cannot forward.
 *
 * @module
 */
import { describe, expect, fabricTest, gateway, pathBetween, scenarioFabric } from 'ztos-twin/vitest'
import type { FabricView, Tenant } from 'ztos-twin/vitest'

const test = fabricTest()
const fabric = scenarioFabric()

for (const { name } of Object.values(fabric.tenants).filter((tenant) => asking(tenant).length > 0)) {
  describe(name, () => {
    test('gateways answer ARP, neighbour solicitations and echo requests', async ({ fabric, target }) => {
      const all = asking(fabric.tenant(name))
      const seen = await target.send([
        ...all.flatMap((one) => gateway.gatewayQuestion(one) ?? []),
        ...all.map((one, index) => gateway.echoRequest(one, 100 + index)),
      ])
      await expect(seen).toAnswer()
    })

    test('gateways report what ends there', async ({ fabric, target }) => {
      const frames = asking(fabric.tenant(name)).flatMap((one) => [
        gateway.reportedPacket(one, 'no-listener', one.gateway),
        ...gateway.unroutable(fabric, one).map((nowhere) => gateway.reportedPacket(one, 'no-route', nowhere)),
        ...beyond(fabric, one).map((address) => gateway.reportedPacket(one, 'ttl-exceeded', address)),
      ])
      const seen = await target.send(frames)
      await expect(seen).toAnswer()
    })
  })
}

/** Each host of a tenant and its gateways. */
function asking(tenant: Tenant) {
  return tenant.hosts.flatMap((host) => gateway.gatewaysOf(host))
}

/** An address of a host in another network to which the gateway routes. */
function beyond(of: FabricView, asking: gateway.Asking) {
  const from = asking.host
  const tenant = of.tenant(from.tenant)
  const family = typeof asking.gateway === 'bigint' ? 6 : 4
  return tenant.hosts
    .filter((to) => pathBetween(tenant, from, to, family).kind === 'routed')
    .flatMap(({ addresses }) => addresses.map(({ address }) => address))
    .filter((address) => typeof address === typeof asking.gateway)
    .slice(0, 1)
}
