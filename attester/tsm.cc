#include "attester/tsm.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <optional>

#include "enclave/channel.h"

namespace gbx::attester {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlobBytesMax = attest::kDocumentBytesMax;
constexpr std::size_t kPiece = 4096;

Error failed(Literal reason) { return {ErrorCode::unavailable, reason}; }

// nullopt when there is none, or it fails half way.
std::optional<Bytes> read_attribute(const fs::path& path) {
  const enclave::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return std::nullopt;
  Bytes out;
  while (out.size() <= kBlobBytesMax) {
    const std::size_t had = out.size();
    out.resize(had + kPiece);
    const ssize_t got = ::read(file.get(), out.data() + had, kPiece);
    if (got < 0) return std::nullopt;
    out.resize(had + static_cast<std::size_t>(got));
    if (got == 0) return out;
  }
  return std::nullopt;
}

std::string word_of(const fs::path& path) {
  const auto bytes = read_attribute(path);
  std::string out(bytes ? as_text(*bytes) : "");
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

std::optional<std::uint64_t> number_of(const std::string& word) {
  std::uint64_t out = 0;
  const auto end = std::from_chars(word.data(), word.data() + word.size(), out);
  if (word.empty() || end.ec != std::errc() || end.ptr != word.data() + word.size()) {
    return std::nullopt;
  }
  return out;
}

// The kernel takes the bytes when the file is closed.
bool write_attribute(const fs::path& path, ByteView bytes) {
  enclave::Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.valid()) return false;
  const bool whole =
      ::write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  return ::close(file.release()) == 0 && whole;
}

std::optional<attest::Platform> platform_of(const std::string& provider) {
  if (provider == "sev_guest") return attest::Platform::snp;
  if (provider == "tdx_guest") return attest::Platform::tdx;
  return std::nullopt;
}

Result<attest::EvidenceBundle> ask(const fs::path& entry, ByteView binding) {
  attest::EvidenceBundle out;
  const auto platform = platform_of(word_of(entry / "provider"));
  if (!platform) return failed("tsm_provider_unknown");
  out.platform = *platform;
  const std::string before = word_of(entry / "generation");
  if (!write_attribute(entry / "inblob", binding)) return failed("tsm_failed");
  auto report = read_attribute(entry / "outblob");
  if (!report || report->empty()) return failed("tsm_failed");
  // Each write counts one: more than ours, and the report may be over somebody else's bytes.
  const std::string after = word_of(entry / "generation");
  const auto first = number_of(before);
  if (!first || number_of(after) != *first + 1) return failed("tsm_disturbed");
  out.evidence = std::move(*report);
  out.chain = read_attribute(entry / "auxblob").value_or(Bytes{});
  return out;
}

}  // namespace

bool make_tsm_entry(const fs::path& entry) { return ::mkdir(entry.c_str(), 0700) == 0; }

Result<attest::EvidenceBundle> tsm_report(const fs::path& folder, ByteView binding,
                                          const MakeEntry& make) {
  const fs::path entry = folder / ("glovebox-" + std::to_string(::getpid()));
  if (!make(entry)) return failed("tsm_missing");
  auto out = ask(entry, binding);
  ::rmdir(entry.c_str());
  return out;
}

}  // namespace gbx::attester
