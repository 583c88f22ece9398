module ztos-twin/tools/wireguard

go 1.26.4

tool golang.zx2c4.com/wireguard

// Test vectors; nothing imports it, so `go mod tidy` would take it out.
require github.com/c2sp/wycheproof v0.0.0-20260902155932-3fa63dd0344a

require (
	golang.org/x/crypto v0.37.0 // indirect
	golang.org/x/net v0.39.0 // indirect
	golang.org/x/sys v0.32.0 // indirect
	golang.zx2c4.com/wintun v0.0.0-20230126152724-0fa3db229ce2 // indirect
	golang.zx2c4.com/wireguard v0.0.0-20260522210424-ecfc5a8d5446 // indirect
)
