#include "attester/serve.h"

#include <cstdio>
#include <fstream>
#include <iterator>

#include "attest/tdx_event_log.h"

namespace gbx::attester {
namespace {

constexpr enclave::AttesterLine::Milliseconds kForever{1'000'000'000};  // eleven days
constexpr enclave::AttesterLine::Milliseconds kPatience{30'000};

Status append(Bytes& to, const std::vector<std::filesystem::path>& files) {
  for (const std::filesystem::path& path : files) {
    GBX_TRY_ASSIGN(const Bytes bytes, read_attachment(path));
    to.insert(to.end(), bytes.begin(), bytes.end());
  }
  return {};
}

}  // namespace

Result<Bytes> read_attachment(const std::filesystem::path& path) {
  if (path.empty()) return Bytes{};
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{ErrorCode::unavailable, "attachment_unreadable"};
  return Bytes{std::istreambuf_iterator<char>(file), {}};
}

Result<attest::EvidenceBundle> attach_files(attest::EvidenceBundle bundle,
                                            const Attachments& files) {
  GBX_TRY(append(bundle.chain, files.chain));
  GBX_TRY(append(bundle.collateral, files.collateral));
  if (files.event_log.empty()) return bundle;
  GBX_TRY_ASSIGN(const Bytes area, read_attachment(files.event_log));
  GBX_TRY_ASSIGN(const attest::DomainLog log, attest::replay_domain_log(area));
  bundle.collateral =
      attest::join_domain_collateral(bundle.collateral, ByteView(area).first(log.size));
  return bundle;
}

void serve(enclave::AttesterLine& line, attest::Platform platform, const Attachments& files,
           const Attest& attest) {
  while (true) {
    const auto question = line.receive(enclave::kAttesterQuestionBytesMax, kForever);
    if (!question && question.error().reason == Literal("attester_timeout")) continue;
    if (!question) return;
    if (question->empty()) {
      if (!line.send(as_bytes(attest::platform_name(platform)), kPatience)) return;
      continue;
    }
    auto bundle = attest(*question);
    if (bundle) bundle = attach_files(std::move(bundle).value(), files);
    if (!bundle) {
      std::fprintf(stderr, "glovebox-attester: %s\n",
                   std::string(bundle.error().reason.view()).c_str());
    }
    const std::string packet = bundle ? attest::encode(*bundle).canonical() : "";
    if (!line.send(as_bytes(packet), kPatience)) return;
  }
}

}  // namespace gbx::attester
