#include "attest/snp_report.h"

#include <algorithm>

namespace gbx::attest {
namespace {

// Signature components are 72 bytes little-endian, of which P-384 fills 48.
constexpr std::size_t kComponent = 72;
constexpr std::size_t kField = 48;

bool is_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

SnpVersion take_version(Reader& reader, bool& reserved_zero) {
  SnpVersion out{reader.u8(), reader.u8(), reader.u8()};
  reserved_zero = reader.u8() == 0 && reserved_zero;
  return out;
}

void take_component(Reader& reader, SnpReport& out) {
  const ByteView component = reader.view(kComponent);
  out.signature.insert(out.signature.end(), component.rend() - kField, component.rend());
  out.reserved_zero = is_zero(component.subspan(kField)) && out.reserved_zero;
}

void take_reserved(Reader& reader, std::size_t size, SnpReport& out) {
  out.reserved_zero = is_zero(reader.view(size)) && out.reserved_zero;
}

}  // namespace

Result<SnpReport> parse_snp_report(ByteView bytes) {
  if (bytes.size() != kSnpReportBytes) return Error{ErrorCode::unverified, "snp_size_wrong"};
  Reader reader(bytes);
  SnpReport out;
  out.reserved_zero = true;
  out.version = reader.u32();
  out.guest_svn = reader.u32();
  out.policy = reader.u64();
  out.family_id = reader.array<16>();
  out.image_id = reader.array<16>();
  out.vmpl = reader.u32();
  out.algorithm = reader.u32();
  out.current_tcb = reader.array<8>();
  out.platform_info = reader.u64();
  out.key_info = reader.u32();
  take_reserved(reader, 4, out);
  out.report_data = reader.array<64>();
  out.measurement = reader.array<48>();
  out.host_data = reader.array<32>();
  out.id_key_digest = reader.array<48>();
  out.author_key_digest = reader.array<48>();
  out.report_id = reader.array<32>();
  out.report_id_ma = reader.array<32>();
  out.reported_tcb = reader.array<8>();
  if (out.version >= 3) {
    out.cpu_family = reader.u8();
    out.cpu_model = reader.u8();
    out.cpu_stepping = reader.u8();
  }
  take_reserved(reader, out.version >= 3 ? 21 : 24, out);
  out.chip_id = reader.array<64>();
  out.committed_tcb = reader.array<8>();
  out.current = take_version(reader, out.reserved_zero);
  out.committed = take_version(reader, out.reserved_zero);
  out.launch_tcb = reader.array<8>();
  // Version 5 has two vectors of mitigations here.
  if (out.version >= 5) reader.view(16);
  take_reserved(reader, out.version >= 5 ? 152 : 168, out);
  take_component(reader, out);
  take_component(reader, out);
  take_reserved(reader, reader.left(), out);
  GBX_CHECK(reader.done());
  return out;
}

std::optional<SnpProduct> snp_product_of(std::uint8_t family, std::uint8_t model) {
  const bool is_genoa = (model >= 0x10 && model <= 0x1F) || (model >= 0xA0 && model <= 0xAF);
  if (family == 0x19 && model <= 0x0F) return SnpProduct::milan;
  if (family == 0x19 && is_genoa) return SnpProduct::genoa;
  if (family == 0x1A && model <= 0x11) return SnpProduct::turin;
  return std::nullopt;
}

std::optional<SnpTcb> decode_snp_tcb(std::span<const std::uint8_t, 8> bytes, SnpProduct product) {
  const bool is_turin = product == SnpProduct::turin;
  if (!is_zero(ByteView(bytes).subspan(is_turin ? 4 : 2, is_turin ? 3 : 4))) return std::nullopt;
  SnpTcb out;
  if (is_turin) {
    out.fmc = bytes[0];
    out.bootloader = bytes[1];
    out.tee = bytes[2];
    out.snp = bytes[3];
  } else {
    out.bootloader = bytes[0];
    out.tee = bytes[1];
    out.snp = bytes[6];
  }
  out.microcode = bytes[7];
  return out;
}

}  // namespace gbx::attest
