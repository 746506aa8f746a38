#include "attester/tsm.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <thread>

#include "attest/testing/dcap_maker.h"
#include "attest/testing/snp_maker.h"

namespace gbx::attester {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const fs::path& path, ByteView bytes) {
  std::ofstream(path, std::ios::binary) << as_text(bytes);
}

// A folder that behaves like configfs-tsm: an entry's files are there once it is made, and outblob
// is a report over what inblob was given.
class TsmFolder {
 public:
  TsmFolder() {
    std::string pattern = "/tmp/gbx-tsm-XXXXXX";
    GBX_CHECK(::mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
  }
  ~TsmFolder() {
    if (kernel_.joinable()) kernel_.join();
    fs::remove_all(folder_);
  }
  TsmFolder(const TsmFolder&) = delete;
  TsmFolder& operator=(const TsmFolder&) = delete;
  TsmFolder(TsmFolder&&) = delete;
  TsmFolder& operator=(TsmFolder&&) = delete;

  std::string provider = "sev_guest\n";
  Bytes certificates;
  unsigned writes = 1;  // that the kernel has counted; more than one is somebody else's
  std::function<Bytes(ByteView)> report = [](ByteView in) { return Bytes(in.begin(), in.end()); };

  Result<attest::EvidenceBundle> ask(ByteView binding) {
    return tsm_report(folder_, binding, [this](const fs::path& entry) {
      if (!make_tsm_entry(entry)) return false;
      write_file(entry / "provider", as_bytes(provider));
      write_file(entry / "generation", as_bytes("7\n"));
      write_file(entry / "inblob", {});
      write_file(entry / "auxblob", certificates);
      if (::mkfifo((entry / "outblob").c_str(), 0600) != 0) return false;
      kernel_ = std::thread([this, entry] { answer(entry); });
      return true;
    });
  }
  // A real entry goes with its files; here only the empty one would.
  void forget() {
    if (kernel_.joinable()) kernel_.join();
    for (const auto& entry : fs::directory_iterator(folder_)) fs::remove_all(entry);
  }

 private:
  void answer(const fs::path& entry) const {
    if (provider != "sev_guest\n" && provider != "tdx_guest\n") return;
    std::ofstream out(entry / "outblob", std::ios::binary);  // waits for who reads
    write_file(entry / "generation", as_bytes(std::to_string(7 + writes) + "\n"));
    out << as_text(report(as_bytes(read_file(entry / "inblob"))));
  }

  fs::path folder_;
  std::thread kernel_;
};

std::string reason_of(const Result<attest::EvidenceBundle>& result) {
  return result ? "" : std::string(result.error().reason.view());
}

TEST(Tsm, AReportOfSevSnpIsVerified) {
  attest::testing::SnpMaker maker;
  const attest::testing::MadeEvidence made = maker.make();
  TsmFolder kernel;
  kernel.certificates = made.chain;
  kernel.report = [&](ByteView in) {
    attest::testing::SnpMaker asked = maker;
    std::copy(in.begin(), in.end(), asked.report.begin() + attest::testing::kSnpAtReportData);
    return asked.make().evidence;
  };
  Bytes binding(64, 3);
  const auto bundle = kernel.ask(binding);
  ASSERT_TRUE(bundle) << bundle.error().reason.view();
  EXPECT_EQ(bundle->platform, attest::Platform::snp);
  attest::Expected expected = made.expected;
  expected.binding = binding;
  EXPECT_TRUE(attest::verify_evidence(bundle->files(), made.trust, expected).ok());
  expected.binding[0] ^= 1;
  EXPECT_FALSE(attest::verify_evidence(bundle->files(), made.trust, expected).ok());
}

TEST(Tsm, AQuoteOfTdxIsTaken) {
  const attest::testing::MadeEvidence made = attest::testing::DcapMaker(4).make();
  TsmFolder kernel;
  kernel.provider = "tdx_guest\n";
  kernel.report = [&](ByteView) { return made.evidence; };
  const auto bundle = kernel.ask(Bytes(64, 3));
  ASSERT_TRUE(bundle);
  EXPECT_EQ(bundle->platform, attest::Platform::tdx);
  EXPECT_EQ(bundle->evidence, made.evidence);
  const attest::EvidenceFiles files{bundle->platform, bundle->evidence, made.chain,
                                    made.collateral};
  EXPECT_TRUE(attest::verify_evidence(files, made.trust, made.expected).ok());
}

TEST(Tsm, EachFailureHasItsName) {
  std::signal(SIGPIPE, SIG_IGN);  // the kernel's side of a report that is too long
  EXPECT_EQ(reason_of(tsm_report("/nowhere", Bytes(64, 1))), "tsm_missing");
  TsmFolder kernel;
  kernel.provider = "arm_cca_guest\n";
  EXPECT_EQ(reason_of(kernel.ask(Bytes(64, 1))), "tsm_provider_unknown");
  kernel.forget();
  kernel.provider = "sev_guest\n";
  for (const unsigned writes : {0U, 2U}) {
    kernel.writes = writes;
    EXPECT_EQ(reason_of(kernel.ask(Bytes(64, 1))), "tsm_disturbed");
    kernel.forget();
  }
  kernel.writes = 1;
  kernel.report = [](ByteView) { return Bytes(); };
  EXPECT_EQ(reason_of(kernel.ask(Bytes(64, 1))), "tsm_failed");
  kernel.forget();
  kernel.report = [](ByteView) { return Bytes(attest::kDocumentBytesMax + 1, 1); };
  EXPECT_EQ(reason_of(kernel.ask(Bytes(64, 1))), "tsm_failed");
  // The entry is still there: its files are no files of a real one.
  EXPECT_EQ(reason_of(kernel.ask(Bytes(64, 1))), "tsm_missing");
  kernel.forget();
}

}  // namespace
}  // namespace gbx::attester
