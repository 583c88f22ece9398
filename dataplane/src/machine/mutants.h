/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wrong machines on purpose, one line each: what tests must notice. They exist only in a build with ZT_MUTANTS, where one is
 * selected at start; elsewhere ZT_MUTANT is a constant and nothing of them is compiled in.
 */
#ifndef ZTOS_MACHINE_MUTANTS_H
#define ZTOS_MACHINE_MUTANTS_H

/* _(name, "CLAUSE", "what is wrong") */
#define ZT_FOREACH_MUTANT(_) \
    _(padding_routed, "PARSE-6", "Ethernet padding is routed as if it were part of the packet") \
    _(ports_unread, "PARSE-7", "ports of a packet count as 0") \
    _(ecmp_seed_ignored, "HASH-4", "next hops are chosen with seed 0") \
    _(carrier_unseen, "HASH-4", "members whose port has no carrier are chosen") \
    _(weights_ignored, "HASH-4", "all members of a group count alike") \
    _(resilience_ignored, "HASH-6", \
      "members are chosen by share where they are to keep their flows") \
    _(source_port_seed_ignored, "HASH-5", "VXLAN source ports are made with seed 0") \
    _(foreign_mac_routed, "PORT-2", "frames for another's MAC are routed") \
    _(arp_not_punted, "PORT-3", "the node's kernel hears no ARP") \
    _(group_mac_routed, "PORT-4", "unicast packets in group-addressed frames are routed") \
    _(punt_mtu_ignored, "PUNT-2", "a frame from the TAP may be longer than the MTU") \
    _(clear_accepted, "MACSEC-1", "clear frames pass a strict macsec interface") \
    _(sci_unchecked, "MACSEC-3", "any SCI is taken for the first receive SA's") \
    _(replay_ignored, "MACSEC-4", "an old packet number is accepted") \
    _(icv_unchecked, "MACSEC-5", "a wrong ICV is accepted") \
    _(aad_without_sectag, "MACSEC-7", "the SecTAG is not authenticated") \
    _(pn_not_incremented, "MACSEC-7", "every frame is sealed with the same packet number") \
    _(sent_clear, "MACSEC-7", "a strict macsec interface sends clear frames") \
    _(macsec_encrypted_let_up, "MACSEC-3", \
      "check lets up, as it is, what is encrypted and has no association") \
    _(macsec_implicit_sci_of_source, "MACSEC-3", \
      "without SC and ES the SCI is made of the source address") \
    _(macsec_end_station_ignored, "MACSEC-3", "ES does not make the SCI of the source address") \
    _(macsec_expected_sci_unseen, "MACSEC-3", \
      "a frame like most is taken for the first channel's, whatever its SCI") \
    _(macsec_expected_late_unseen, "MACSEC-4", "a frame like most may have any packet number") \
    _(macsec_upper_half_kept, "MACSEC-4", "the upper half of an extended PN never goes up") \
    _(macsec_replay_always_dropped, "MACSEC-4", "late frames are dropped without replayProtect") \
    _(macsec_salt_ignored, "MACSEC-5", "the salt counts as zeros") \
    _(macsec_ssci_ignored, "MACSEC-5", "the SSCI counts as zero") \
    _(macsec_offset_unauthenticated, "MACSEC-5", \
      "the octets in front of an offset are not authenticated") \
    _(macsec_invalid_let_up, "MACSEC-5", \
      "strict lets up what does not authenticate and is not encrypted") \
    _(macsec_window_off_by_one, "MACSEC-6", "the replay window reaches one number further back") \
    _(macsec_lowest_pn_lowered, "MACSEC-6", "a late frame lowers the lowest acceptable PN") \
    _(macsec_delayed_uncounted, "MACSEC-6", "a delayed frame is counted like any other") \
    _(macsec_standby_unused, "MACSEC-7", "no standby association takes over") \
    _(macsec_too_long_takes_pn, "MACSEC-7", "a frame that is too long uses a packet number") \
    _(macsec_pn_memory_lost, "MACSEC-9", \
      "a transmit association that comes back starts at its first number again") \
    _(macsec_clear_over_vxlan, "MACSEC-10", "clear frames pass a strict tunnel") \
    _(macsec_tunnel_is_a_port, "BRIDGE-4", \
      "a macsec interface on a vxlan interface counts as a port of its bridge") \
    _(macsec_change_forgets_pn, "MACSEC-9", \
      "apply of a receive association with the same key starts at its first number again") \
    _(macsec_mode_keeps_protect, "CTRL-2", "set-macsec-mode leaves what is sent as it was") \
    _(gateway_mac_accepted, "BRIDGE-1", "a host may send from the gateway's MAC") \
    _(vlan_accepted, "BRIDGE-1", "802.1Q tagged frames are bridged") \
    _(reserved_multicast_forwarded, "BRIDGE-1", "reserved group addresses are flooded") \
    _(split_horizon_ignored, "BRIDGE-4", "frames from the overlay go back to the overlay") \
    _(bridge_mtu_off_by_one, "BRIDGE-5", "a frame one octet longer than the member's MTU is sent") \
    _(learning_skipped, "LEARN-1", "no MAC is learned") \
    _(static_move_accepted, "LEARN-2", "a static MAC may be used elsewhere") \
    _(move_ignored, "LEARN-3", "a MAC that moved is still sent to its old place") \
    _(ageing_ignored, "LEARN-4", "entries never age") \
    _(fdb_limit_off_by_one, "LEARN-5", "the table holds one entry more than its limit") \
    _(control_entry_kept, "LEARN-6", "a control entry does not yield to what a port hears") \
    _(control_entry_moved_by_vxlan, "LEARN-6", \
      "what comes by VXLAN takes a control entry's place") \
    _(flooded_to_other_bridge, "FLOOD-1", "floods go to the members of every bridge") \
    _(flooded_to_first_remote, "FLOOD-2", "only the first remote gets a copy") \
    _(link_group_snooped, "SNOOP-2", "groups of the link itself get memberships") \
    _(leave_ignored, "SNOOP-3", "a leave ends no membership") \
    _(report_flooded_to_ports, "SNOOP-4", "reports go to other hosts") \
    _(memberships_unused, "SNOOP-5", "multicast is flooded to all, whoever wants it") \
    _(membership_never_expires, "SNOOP-5", "memberships are valid for ever") \
    _(membership_limit_off_by_one, "SNOOP-6", "a bridge holds one membership more than its limit") \
    _(flush_keeps_memberships, "SNOOP-6", "a flush of the FDB leaves memberships") \
    _(irb_source_kept, "IRB-4", "routed frames leave with systemMac as source") \
    _(suppressed_with_gateway_mac, "ARP-4", "suppression answers with the gateway's MAC") \
    _(arp_binding_unchecked, "ARP-2", "a sender outside the subnet is bound") \
    _(nd_hop_limit_unchecked, "ND-1", "neighbour messages from beyond the link count") \
    _(nd_target_unchecked, "ND-3", "every solicitation is answered for the gateway") \
    _(neighbour_never_expires, "NEIGH-2", "dynamic neighbours are valid for ever") \
    _(held_packet_lost, "NEIGH-5", "a held packet is forgotten when its neighbour is resolved") \
    _(request_from_gateway_mac, "NEIGH-6", "requests come from the anycast MAC") \
    _(request_not_repeated, "NEIGH-7", "an unanswered request is not sent again") \
    _(control_neighbour_unanswered, "NEIGH-8", "nobody answers for a control neighbour") \
    _(sticky_neighbour_rebound, "NEIGH-8", "a sticky neighbour yields to a binding") \
    _(vtep_spoofed, "ROUTE-2", "hosts beside the underlay may have any source") \
    _(martian_source_routed, "ROUTE-2", "packets from the node's own addresses are routed") \
    _(route_leaked, "ROUTE-6", "what a VRF does not know is looked up in the other VRFs") \
    _(ttl_expired_routed, "ROUTE-8", "TTL 1 is forwarded") \
    _(route_mtu_off_by_one, "ROUTE-9", "a packet one octet longer than the MTU is sent") \
    _(ttl_not_decremented, "ROUTE-10", "TTL and hop limit stay") \
    _(checksum_not_updated, "ROUTE-10", "the IPv4 checksum stays when TTL changes") \
    _(gateway_punted, "LOCAL-1", "packets to a gateway from an uplink go to the kernel") \
    _(echo_unchecked, "LOCAL-3", "echo requests with a wrong checksum are answered") \
    _(icmp_about_icmp, "ICMP-2", "errors are sent about errors") \
    _(icmp_quotes_short, "ICMP-3", "an error quotes eight octets less than it may") \
    _(vni_off_by_one, "VXLAN-1", "frames leave with VNI + 1") \
    _(udp_checksum_not_computed, "VXLAN-2", "the UDP checksum is zero where it is to be computed") \
    _(dscp_ignored, "VXLAN-3", "the outer header has DSCP 0") \
    _(ecn_not_copied, "VXLAN-3", "the outer header is Not-ECT") \
    _(udp_checksum_unverified, "VXLAN-5", "a wrong UDP checksum is accepted") \
    _(vni_unchecked, "VXLAN-5", "an unknown VNI goes to the first vxlan interface") \
    _(remote_unchecked, "VXLAN-5", "any outer source is accepted") \
    _(ce_over_not_ect_accepted, "VXLAN-6", "outer CE over inner Not-ECT is accepted") \
    _(ce_lost, "VXLAN-6", "outer CE does not reach the inner header") \
    _(pn_starts_afresh, "MACSEC-9", "packet numbers start at 1 with every program") \
    _(flush_forgets_nothing, "CTRL-3", "a flush leaves the table as it was") \
    _(applied_in_part, "CTRL-6", "of a list with a refused change, those before it take effect") \
    _(removal_takes_dynamic, "CTRL-6", "removing a control entry removes a dynamic one") \
    _(held_packet_forgotten, "CTRL-6", "a packet held for a control neighbour is not sent") \
    _(group_of_others_changed, "CTRL-6", "a changed route changes the others with its group") \
    _(wireguard_clear_accepted, "WG-2", "clear packets pass a port below WireGuard") \
    _(wireguard_mac1_unchecked, "WG-7", "a wrong mac1 is accepted") \
    _(wireguard_cookie_not_bound, "WG-9", "a cookie is good for any source") \
    _(wireguard_odd_text_summed_even, "WG-6", \
      "the tag behind a text of odd length is summed up as behind an even one") \
    _(wireguard_timestamp_unchecked, "WG-12", "an old initiation is accepted again") \
    _(wireguard_psk_ignored, "WG-13", "the pre-shared key counts as zeros") \
    _(wireguard_key_never_expires, "WG-16", "a session is used however old it is") \
    _(wireguard_replay_window_off_by_one, "WG-16", "the window reaches one counter further back") \
    _(wireguard_source_unchecked, "WG-17", "a peer may send from any source") \
    _(wireguard_next_never_current, "WG-17", "a responder never uses its session") \
    _(wireguard_index_kept, "WG-18", "messages still find a session that is gone") \
    _(wireguard_ecn_ignored, "WG-23", "the outer header of data is Not-ECT") \
    _(wireguard_padding_missing, "WG-26", "texts are not padded") \
    _(wireguard_nonce_reused, "WG-26", "every packet is sealed with the same counter") \
    _(wireguard_batch_outlives_keys, "WG-18", \
      "what waits to be sealed does so when its key is gone") \
    _(wireguard_rekey_never, "WG-28", "no fresh key is asked for") \
    _(cached_ttl_unchecked, "MODEL-1", "the flow cache forwards TTL 1") \
    _(cached_length_unchecked, "MODEL-1", "the flow cache forwards what is too long") \
    _(cached_table_change_unseen, "MODEL-1", "the flow cache does not see that a table changed") \
    _(cached_peer_unseen, "WG-17", \
      "the flow cache takes a packet of one peer for another's, whose source it may not have") \
    _(cached_endpoint_unseen, "WG-22", "what was noted of an endpoint is used for the next one")

/*
 * Wrong engines on a host, about a row of docs/features.tsv: replay does not reach them, the tests in test/run do.
 * _(name, "ROW", "what is wrong")
 */
#define ZT_FOREACH_RUN_MUTANT(_) \
    _(fill_not_replenished, "O06", "received chunks do not go back to the fill ring") \
    _(completion_not_drained, "O06", "sent chunks stay in the completion ring") \
    _(transmit_full_uncounted, "O06", \
      "a frame without room in the transmit ring is lost in silence") \
    _(transmit_not_retried, "O15", "frames that a device did not take are not tried again") \
    _(socket_not_bound, "O32", "the XSKMAP has no socket for the last port") \
    _(xdp_taken_off, "T03", "an engine that ends leaves its ports to the kernel's stack") \
    _(wireguard_session_unwiped, "C40", "keys of a session that is gone stay in memory") \
    _(wireguard_stack_unwiped, "C40", "what libraries computed with keys stays on the stack") \
    _(arp_not_passed, "O34", "a port that punts by XDP passes no ARP") \
    _(passed_for_others, "O34", "XDP passes what is for the far ends of the node's links")

#endif
