using System.Text.RegularExpressions;
using Pup.Silo.Doctor;

namespace Pup.Tests.Docs;

public sealed partial class TroubleshootingTests
{
    [Fact]
    public void Every_finding_has_a_section_and_every_section_a_finding()
    {
        var codes = typeof(Codes).GetFields().Select(field => (string)field.GetRawConstantValue()!).Order(StringComparer.Ordinal);
        var sections = Section().Matches(Repository.Read("docs/troubleshooting.md")).Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal);
        Assert.Equal(codes, sections);
    }

    [GeneratedRegex("^### (.+)$", RegexOptions.Multiline)]
    private static partial Regex Section();
}
