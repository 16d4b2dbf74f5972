using Pup.Silo.Configuration;

namespace Pup.Tests.Docs;

public sealed class SettingsPageTests
{
    [Fact]
    public void The_page_has_every_setting_with_its_default()
    {
        var page = Repository.Read("docs/settings.md");
        Assert.All(Setting.All, setting => Assert.Contains($"\n| `{setting.Name}` | {Default(setting)}", page, StringComparison.Ordinal));
        Assert.Equal(Setting.All.Count, page.Split("\n| `").Length - 1);
    }

    // The machine has a say in it.
    private static string Default(Setting setting) => setting.Name == "Workers" ? "two for each core" : setting.Default.Length == 0 ? "none" : setting.Default + " |";
}
