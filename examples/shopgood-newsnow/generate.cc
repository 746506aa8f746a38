// Makes the large tables of the example: a shop's sales and a publisher's ad exposures, with the
// faults that real files have. The same seed gives the same bytes.
//
//   shopgood-newsnow-generate [--customers 1000000] [--exposures 2000000] [--seed 1] FOLDER
//
// What is in them: one sale for each customer and a second one for one customer in twenty. A
// quarter of the publisher's readers are customers. Exposures are skewed: the reader of rank r is
// shown ads about as often as 1/sqrt(r), and a campaign's share falls as 1/rank. About 2 % of the
// addresses are missing, 0.5 % malformed, 15 % in mixed case and 5 % between spaces.

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace gbx::examples {
namespace {

constexpr std::array<std::string_view, 20> kFirst = {
    "alice", "bob",  "carol", "david", "eve",  "frank", "grace", "heidi", "ivan", "judy",
    "kim",   "liam", "mia",   "noah",  "olga", "pat",   "quinn", "rosa",  "sam",  "tess"};
constexpr std::array<std::string_view, 20> kLast = {
    "smith",  "jones", "garcia", "mueller", "rossi", "silva", "kim",  "patel", "nguyen", "ivanov",
    "dubois", "khan",  "novak",  "hansen",  "costa", "wang",  "sato", "popov", "ali",    "brown"};
constexpr std::array<std::string_view, 5> kHosts = {"email.com", "mail.org", "post.net",
                                                    "example.com", "inbox.io"};
constexpr std::array<std::string_view, 12> kCampaigns = {
    "sg_fall25", "sg_outlet",  "sg_members", "sg_shoes", "sg_kids",   "sg_home",
    "sg_travel", "sg_newlook", "sg_denim",   "sg_gifts", "sg_garden", "sg_lastcall"};
constexpr std::array<int, 3> kDaysOfMonth = {30, 31, 30};  // September, October, November 2025

// splitmix64: small, fast, the same everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // In [0, bound); the bias of the remainder does not matter here.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  bool permille(std::uint64_t share) { return below(1000) < share; }
  // In [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

// A CSV file, written in large pieces. Ends the program when the disk does not take it.
class Csv {
 public:
  Csv(const std::string& path, std::string_view header)
      : path_(path), file_(std::fopen(path.c_str(), "wb")) {
    if (file_ == nullptr) fail();
    text_.reserve(kPiece + 4096);
    text_.append(header).push_back('\n');
  }
  ~Csv() {
    flush();
    if (std::fclose(file_) != 0) fail();
  }
  Csv(const Csv&) = delete;
  Csv& operator=(const Csv&) = delete;
  Csv(Csv&&) = delete;
  Csv& operator=(Csv&&) = delete;

  void text(std::string_view value) { text_.append(value); }
  void number(std::uint64_t value, std::size_t digits = 1) {
    std::array<char, 20> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    const auto size = static_cast<std::size_t>(end - buffer.data());
    text_.append(digits > size ? digits - size : 0, '0').append(buffer.data(), size);
  }
  void comma() { text_.push_back(','); }
  void end_row() {
    text_.push_back('\n');
    if (text_.size() >= kPiece) flush();
  }

 private:
  static constexpr std::size_t kPiece = std::size_t{1} << 20;

  void flush() {
    if (std::fwrite(text_.data(), 1, text_.size(), file_) != text_.size()) fail();
    text_.clear();
  }
  [[noreturn]] void fail() const {
    std::fprintf(stderr, "cannot write %s\n", path_.c_str());
    std::exit(1);
  }

  std::string path_;
  std::FILE* file_;
  std::string text_;
};

std::string address_of(std::uint64_t person) {
  std::string out(kFirst[person % kFirst.size()]);
  out.append(".").append(kLast[person / 20 % kLast.size()]).append(std::to_string(person / 400));
  return out.append("@").append(kHosts[person % 7 % kHosts.size()]);
}

std::string malformed(std::string address, Random& random) {
  const std::size_t at = address.find('@');
  switch (random.below(4)) {
    case 0: return address.substr(0, at);
    case 1: return address.substr(0, at + 1);
    case 2: return address.insert(at, "@");
    default: return address.replace(at, 1, " at ");
  }
}

// The person's address as somebody typed it.
std::string typed_address(std::uint64_t person, Random& random) {
  if (random.permille(20)) return "";
  std::string out = address_of(person);
  if (random.permille(5)) return malformed(std::move(out), random);
  if (random.permille(150)) {
    for (char& c : out) {
      if (c >= 'a' && c <= 'z' && random.below(3) == 0) c = static_cast<char>(c - 'a' + 'A');
    }
  }
  if (random.permille(50)) out.insert(0, " ").append(" ");
  return out;
}

// A day from `first` (0 = 2025-09-01) over `days` days.
void write_date(Csv& csv, std::uint64_t first, std::uint64_t days, Random& random) {
  std::uint64_t day = first + random.below(days);
  std::uint64_t month = 9;
  for (const int length : kDaysOfMonth) {
    if (day < static_cast<std::uint64_t>(length)) break;
    day -= static_cast<std::uint64_t>(length);
    month++;
  }
  csv.text("2025-");
  csv.number(month, 2);
  csv.text("-");
  csv.number(day + 1, 2);
}

// Cents: many small sales, few large ones; one in a thousand is absurd, as in real files.
std::uint64_t spent(Random& random) {
  const double u = random.unit();
  if (random.permille(1)) return 100'000 + random.below(900'000);
  return 300 + static_cast<std::uint64_t>(6000.0 * u / (1.06 - u));
}

void write_sales(const std::string& folder, std::uint64_t customers, Random random) {
  Csv csv(folder + "/shopgood.csv", "customer_id,email,purchase_date,total_spent");
  for (std::uint64_t person = 0; person < customers; person++) {
    const int sales = random.permille(50) ? 2 : 1;
    for (int i = 0; i < sales; i++) {
      csv.number(700'000'000 + person);
      csv.comma();
      csv.text(typed_address(person, random));
      csv.comma();
      write_date(csv, 30, 61, random);
      csv.comma();
      const std::uint64_t cents = spent(random);
      csv.number(cents / 100);
      csv.text(".");
      csv.number(cents % 100, 2);
      csv.end_row();
    }
  }
}

// Rank i with a share of 1/(i+1).
std::size_t campaign(Random& random) {
  double harmonic = 0;
  for (std::size_t i = 0; i < kCampaigns.size(); i++) harmonic += 1.0 / static_cast<double>(i + 1);
  double rest = random.unit() * harmonic;
  for (std::size_t i = 0; i < kCampaigns.size(); i++) {
    rest -= 1.0 / static_cast<double>(i + 1);
    if (rest < 0) return i;
  }
  return kCampaigns.size() - 1;
}

void write_exposures(const std::string& folder, std::uint64_t customers, std::uint64_t exposures,
                     Random random) {
  Csv csv(folder + "/newsnow.csv", "user_id,email,campaign_id,exposure_date");
  // Of everybody (four times the customers), one in six reads the news.
  const std::uint64_t everybody = 4 * customers;
  const std::uint64_t readers = std::max<std::uint64_t>(everybody / 6, 1);
  for (std::uint64_t i = 0; i < exposures; i++) {
    const double u = random.unit();
    const auto rank = static_cast<std::uint64_t>(static_cast<double>(readers) * u * u);
    const std::uint64_t person = (rank * 48'271 + 11) % everybody;
    csv.number(100'000'000 + rank);
    csv.comma();
    csv.text(typed_address(person, random));
    csv.comma();
    csv.text(kCampaigns[campaign(random)]);
    csv.comma();
    write_date(csv, 14, 61, random);
    csv.end_row();
  }
}

int usage() {
  std::fprintf(stderr,
               "usage: shopgood-newsnow-generate [--customers N] [--exposures N] [--seed N] "
               "FOLDER\nwrites FOLDER/shopgood.csv and FOLDER/newsnow.csv\n");
  return 2;
}

bool parse(std::string_view text, std::uint64_t& out) {
  const auto end = std::from_chars(text.data(), text.data() + text.size(), out);
  return end.ec == std::errc() && end.ptr == text.data() + text.size();
}

int run(int argc, char** argv) {
  std::uint64_t customers = 1'000'000;
  std::uint64_t exposures = 2'000'000;
  std::uint64_t seed = 1;
  std::string folder;
  for (int i = 1; i < argc; i++) {
    const std::string_view word = argv[i];
    std::uint64_t* number = word == "--customers"   ? &customers
                            : word == "--exposures" ? &exposures
                            : word == "--seed"      ? &seed
                                                    : nullptr;
    if (number == nullptr) {
      if (!folder.empty() || word.starts_with("-")) return usage();
      folder = word;
      continue;
    }
    i++;
    if (i >= argc || !parse(argv[i], *number)) return usage();
  }
  if (folder.empty() || customers == 0) return usage();
  write_sales(folder, customers, Random(seed));
  write_exposures(folder, customers, exposures, Random(seed + 1));
  return 0;
}

}  // namespace
}  // namespace gbx::examples

int main(int argc, char** argv) { return gbx::examples::run(argc, argv); }
