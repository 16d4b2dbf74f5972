using Pup.Tests.Docs;

namespace Pup.Tests.Deploy;

public sealed class ShortenedRulesTests
{
    private static readonly string _shipped = Repository.Read("deploy/prometheus/pup-rules.yml");

    [Fact]
    public void Only_times_and_thresholds_differ_and_all_of_them_can_be_waited_for()
    {
        var shortened = ShortenedRules.Of(_shipped);

        var changed = _shipped.Split('\n').Zip(shortened.Split('\n')).Where(static pair => pair.First != pair.Second).Select(static pair => pair.Second.Trim()).ToArray();
        Assert.Equal(_shipped.Count(static one => one == '\n'), shortened.Count(static one => one == '\n'));
        Assert.All(changed, static line => Assert.Matches(@"^for: [14]s$|\[[48]s\]|> (1000|3|2)$|> (3|2)\)", line));
        Assert.DoesNotMatch(@"\[\d+m\]|for: \d+m", shortened);
    }

    [Theory]
    [InlineData("for: 5m", "for: 7m", "for: 7m")]
    [InlineData("> 10000", "> 20000", "> 20000")]
    [InlineData("[15m]", "[16m]", "[16m]")]
    [InlineData("> 300", "> 60", "> 300")]
    public void Rules_that_were_changed_are_refused_until_it_is_said_what_becomes_of_them(string shipped, string changed, string named)
    {
        var refused = Assert.Throws<FormatException>(() => ShortenedRules.Of(_shipped.Replace(shipped, changed, StringComparison.Ordinal)));

        Assert.Contains(named, refused.Message, StringComparison.Ordinal);
    }
}
