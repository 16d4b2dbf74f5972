using System.Text.Json;

namespace Pup.Tests.Deploy;

/// <summary>What the compose files promise. deploy/verify.sh runs every one of them.</summary>
public sealed class ComposeTests
{
    [Fact]
    public void The_guides_file_has_its_four_workers_with_nothing_changed_but_image_and_command()
    {
        var file = YamlFile.Read("deploy/compose/guide.yml");
        Assert.Equal(["services", "version", "volumes"], Keys(file));
        var services = file.GetProperty("services");
        Assert.Equal(["postgres", .. Enumerable.Range(0, 4).Select(static key => $"projection-worker-{key}")], Keys(services));
        Assert.Equal("""{"POSTGRES_PASSWORD":"postgres","POSTGRES_DB":"myapp"}""", services.GetProperty("postgres").GetProperty("environment").GetRawText());
        Assert.Equal("""["postgres_data:/var/lib/postgresql/data"]""", services.GetProperty("postgres").GetProperty("volumes").GetRawText());
        for (var key = 0; key < 4; key++)
        {
            var worker = services.GetProperty($"projection-worker-{key}");
            Assert.Equal(["command", "depends_on", "environment", "image", "restart"], Keys(worker));
            Assert.Equal("""["run-projections"]""", worker.GetProperty("command").GetRawText());
            Assert.Equal("""["postgres"]""", worker.GetProperty("depends_on").GetRawText());
            Assert.Equal("unless-stopped", worker.GetProperty("restart").GetString());
            Assert.Equal(
                $$"""{"DATABASE_URL":"postgres://postgres:postgres@postgres:5432/myapp?sslmode=disable","PARTITION_KEY":"{{key}}","TOTAL_PARTITIONS":"4"}""",
                worker.GetProperty("environment").GetRawText());
        }
    }

    [Fact]
    public void Silos_start_once_the_tables_are_made_and_those_once_the_server_is_healthy()
    {
        var services = YamlFile.Read("deploy/compose/docker-compose.yml").GetProperty("services");
        Assert.Contains("pg_isready", services.GetProperty("postgres").GetProperty("healthcheck").GetProperty("test").GetRawText(), StringComparison.Ordinal);
        Assert.Equal("""{"postgres":{"condition":"service_healthy"}}""", services.GetProperty("migrate").GetProperty("depends_on").GetRawText());
        foreach (var service in new[] { "silo", "shop" })
        {
            Assert.Equal("""{"migrate":{"condition":"service_completed_successfully"}}""", services.GetProperty(service).GetProperty("depends_on").GetRawText());
            Assert.Equal("unless-stopped", services.GetProperty(service).GetProperty("restart").GetString());
        }

        // More than the 30 s that a silo takes at most to stop.
        Assert.Equal("40s", services.GetProperty("silo").GetProperty("stop_grace_period").GetString());
    }

    private static IEnumerable<string> Keys(JsonElement element) => element.EnumerateObject().Select(static property => property.Name).Order(StringComparer.Ordinal);
}
