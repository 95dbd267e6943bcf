// CRC-32C (Castagnoli), by the processor's own instruction where there is one.
#pragma once

#include <cstdint>
#include <string_view>

namespace stele::storage::wal {

// Crc32c("123456789") == 0xE3069283.
std::uint32_t Crc32c(std::string_view bytes);
// Of what came before and then `bytes`: Crc32c(a + b) == ExtendCrc32c(Crc32c(a), b).
std::uint32_t ExtendCrc32c(std::uint32_t crc, std::string_view bytes);

}  // namespace stele::storage::wal
