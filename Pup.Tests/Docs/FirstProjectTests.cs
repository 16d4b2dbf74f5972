using System.Diagnostics;
using Pup.Tests.Support;

namespace Pup.Tests.Docs;

/// <summary>The page on a project of one's own, followed: packages of what was built, the program as it stands there, its commands.</summary>
public sealed class FirstProjectTests(PostgresServer server)
{
    private const string Project = """
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <OutputType>Exe</OutputType>
            <TargetFramework>net10.0</TargetFramework>
            <ImplicitUsings>enable</ImplicitUsings>
            <Nullable>enable</Nullable>
          </PropertyGroup>
          <ItemGroup>
            <PackageReference Include="Pup.Silo" Version="[1.0.0]" />
          </ItemGroup>
        </Project>
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_page_leads_from_packages_to_a_projection_that_runs()
    {
        await using var database = await TestDatabase.CreateAsync(server, migrate: false);
        var folder = Directory.CreateTempSubdirectory("pup-first-project-").FullName;
        try
        {
            var orders = Path.Combine(folder, "Orders");
            Directory.CreateDirectory(orders);
            await File.WriteAllTextAsync(Path.Combine(orders, "Orders.csproj"), Project, Token);
            var program = MarkdownBlock.Of(Repository.Read("docs/first-project.md")).Single(block => block.Language == "cs");
            await File.WriteAllTextAsync(Path.Combine(orders, "Program.cs"), program.Text, Token);

            var packages = Path.Combine(folder, "packages");
            var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
            foreach (var project in new[] { "Pup.Client", "Pup.Grains", "Pup.Silo" })
                await DotnetAsync(folder, "pack", Repository.PathOf(project), "--no-build", "-c", configuration, "-o", packages, "-nodeReuse:false", "-v", "quiet");
            // What is packed here must not be found in the cache by somebody else's build.
            var cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
                ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
            await DotnetAsync(
                orders, "build", "-nodeReuse:false", "-v", "quiet", $"-p:RestoreAdditionalProjectSources={packages}",
                $"-p:RestorePackagesPath={Path.Combine(folder, "cache")}", $"-p:RestoreFallbackFolders={cache}");

            await RunAsync("migrate");
            await RunAsync("place", "alice", "5");
            await RunAsync("place", "alice", "7.50");
            Assert.Contains("customers has caught up.", await RunAsync("catch-up", "customers"), StringComparison.Ordinal);
            Assert.StartsWith("customers: caught up, 0 behind position 2", await RunAsync("status", "customers"), StringComparison.Ordinal);
            Assert.Equal("2 12.50", await database.ScalarAsync<string>(
                "select (document ->> 'orders') || ' ' || (document ->> 'spent') from customers_documents where id = 'alice'"));

            Task<string> RunAsync(params string[] arguments) =>
                DotnetAsync(orders, [Path.Combine(orders, "bin", "Debug", "net10.0", "Orders.dll"), .. arguments]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        async Task<string> DotnetAsync(string directory, params string[] arguments)
        {
            var start = new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = directory, RedirectStandardOutput = true, RedirectStandardError = true };
            start.Environment["DATABASE_URL"] = database.ConnectionString;
            using var process = Process.Start(start)!;
            var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync(Token).WaitAsync(TimeSpan.FromMinutes(3), Token);
            Assert.True(process.ExitCode == 0, $"dotnet {string.Join(' ', arguments)}: {await output}{await error}");
            return await output;
        }
    }
}
