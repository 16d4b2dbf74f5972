using System.Text.Json;
using Pup.Tests.Docs;

namespace Pup.Tests.Deploy;

/// <summary>The dashboard as Grafana takes it, and the files by which Grafana finds it.</summary>
public sealed class GrafanaTests
{
    private const string ByVariable = "${datasource}";

    private static readonly Dashboard _dashboard = Dashboard.Read();

    [Fact]
    public void Grafana_can_lay_the_dashboard_out()
    {
        var all = _dashboard.Root.GetProperty("panels").EnumerateArray().ToList();
        Assert.Equal(39, _dashboard.Root.GetProperty("schemaVersion").GetInt32());
        Assert.Equal(all.Count, all.Select(panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
        Assert.Equal(_dashboard.Panels.Count, _dashboard.Panels.Select(Dashboard.TitleOf).Distinct().Count());

        var taken = new Dictionary<(int X, int Y), string>();
        foreach (var panel in all)
        {
            var place = panel.GetProperty("gridPos").Deserialize<Dictionary<string, int>>()!;
            Assert.True(place["x"] >= 0 && place["x"] + place["w"] <= 24, $"{Dashboard.TitleOf(panel)} is wider than the page");
            foreach (var cell in from x in Enumerable.Range(place["x"], place["w"]) from y in Enumerable.Range(place["y"], place["h"]) select (x, y))
                Assert.True(taken.TryAdd(cell, Dashboard.TitleOf(panel)), $"{Dashboard.TitleOf(panel)} lies on {taken[cell]}");
        }
    }

    [Fact]
    public void Each_panel_says_what_it_shows_in_which_unit_and_of_the_chosen_data_source()
    {
        foreach (var panel in _dashboard.Panels)
        {
            Assert.True(Dashboard.Text(panel, "description") is [.., '.'], Dashboard.TitleOf(panel));
            Assert.NotEmpty(Dashboard.Text(panel.GetProperty("fieldConfig").GetProperty("defaults"), "unit"));
            var targets = panel.GetProperty("targets").EnumerateArray().ToList();
            Assert.NotEmpty(targets);
            Assert.Equal(targets.Count, targets.Select(target => Dashboard.Text(target, "refId")).Distinct().Count());
            // A panel of one number asks once; others ask for a line.
            var isNumber = panel.GetProperty("type").ValueEquals("stat");
            Assert.All(targets, target => Assert.Equal((isNumber, !isNumber), (target.GetProperty("instant").GetBoolean(), target.GetProperty("range").GetBoolean())));
            Assert.All([panel, .. targets], one => Assert.Equal(ByVariable, Dashboard.Text(one.GetProperty("datasource"), "uid")));
        }

        Assert.Equal(["datasource", "projection_name"], _dashboard.Variables.Select(variable => Dashboard.Text(variable, "name")));
        Assert.Equal(["datasource", "query"], _dashboard.Variables.Select(variable => Dashboard.Text(variable, "type")));
        Assert.Equal(ByVariable, Dashboard.Text(_dashboard.Variables.Last().GetProperty("datasource"), "uid"));
        Assert.All(_dashboard.Root.GetProperty("annotations").GetProperty("list").EnumerateArray(), one => Assert.Equal(ByVariable, Dashboard.Text(one.GetProperty("datasource"), "uid")));
    }

    [Fact]
    public void The_compose_file_mounts_what_the_provisioning_files_say_and_its_Prometheus_is_their_data_source()
    {
        var services = YamlFile.Read("deploy/compose/docker-compose.yml").GetProperty("services");
        var mounts = services.GetProperty("grafana").GetProperty("volumes").EnumerateArray().Select(mount => mount.GetString()!.Split(':')).ToDictionary(mount => mount[1], mount => mount[0]);

        // Where Grafana looks for provisioning, by its image's settings.
        Assert.Equal("deploy/grafana/provisioning", Source("/etc/grafana/provisioning"));
        var provider = Assert.Single(YamlFile.Read("deploy/grafana/provisioning/dashboards/pup.yml").GetProperty("providers").EnumerateArray());
        Assert.Equal(Path.GetDirectoryName(Dashboard.File), Source(Dashboard.Text(provider.GetProperty("options"), "path")));

        var source = Assert.Single(YamlFile.Read("deploy/grafana/provisioning/datasources/prometheus.yml").GetProperty("datasources").EnumerateArray());
        Assert.Equal("prometheus", Dashboard.Text(source, "type"));
        var address = new Uri(Dashboard.Text(source, "url"));
        Assert.EndsWith($":{address.Port}", services.GetProperty(address.Host).GetProperty("ports")[0].GetString(), StringComparison.Ordinal);
        // The shortest window of a rate follows from it.
        Assert.Equal(
            Dashboard.Text(YamlFile.Read("deploy/compose/prometheus.yml").GetProperty("global"), "scrape_interval"), Dashboard.Text(source.GetProperty("jsonData"), "timeInterval"));

        string Source(string target) => Path.GetRelativePath(Repository.PathOf(""), Path.GetFullPath(mounts[target], Repository.PathOf("deploy/compose")));
    }
}
