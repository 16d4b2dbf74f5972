using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Npgsql;
using Pup.Grains.Feed;
using Pup.Grains.Schema;
using Pup.Silo.Configuration;
using Pup.Silo.Demo.History;
using Pup.Silo.Demo.Import;
using Pup.Silo.Demo.Reporting;
using Pup.Silo.Hosting;

namespace Pup.Silo.Demo;

/// <summary>The demo from end to end: server, schema, import, projections, report, and then a silo that stays.</summary>
internal sealed class DemoRun(SiloConfiguration configuration, DemoSource source, bool once, bool fresh)
{
    private readonly ProgressDisplay _display = ProgressDisplay.ForThisConsole();

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        // Before the server: a repository that cannot be read costs nobody a start.
        var history = await source.OpenAsync(ProgressDisplay.Tell, cancellationToken);
        await using var database = await DemoDatabase.OpenAsync(configuration.Options.ConnectionString, source.Database, fresh, ProgressDisplay.Tell, cancellationToken);
        configuration.Options.ConnectionString = database.ConnectionString;
        configuration.Options.AutoMigrate = true;
        await using var dataSource = PupConnectionString.CreateDataSource(PupConnectionString.Pool(configuration.Options));
        await new SchemaMigrator(dataSource).MigrateAsync(cancellationToken);
        await ImportAsync(history, dataSource, cancellationToken);

        var exitCode = await RunSiloAsync(dataSource, cancellationToken);
        if (!once)
            ProgressDisplay.Tell(exitCode == 0 ? "Stopped gracefully." : "The silo did not stop in order; the log above says why.");
        return exitCode;
    }

    private async Task ImportAsync(IHistory history, NpgsqlDataSource dataSource, CancellationToken cancellationToken)
    {
        var result = await _display.ShowAsync(
            $"Importing {history.Name}",
            progress => new Importer(dataSource).ImportAsync(history, soFar => progress(history.Done, $"{soFar.Events:N0} events"), cancellationToken));
        ProgressDisplay.Tell(result.Events == 0 ? "Nothing new to import." : $"Imported {result.Events:N0} events of {result.Commits:N0} commits.");
    }

    private async Task<int> RunSiloAsync(NpgsqlDataSource dataSource, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ApplicationName = "pup", EnvironmentName = Environments.Production });
        var quiet = configuration with { LogLevel = Max(configuration.LogLevel, LogLevel.Warning) };
        SiloHost.ConfigureAlone(builder, quiet, DemoProjections.AddTo);
        var url = StatusPage.Listen(builder);
        await using var app = builder.Build();
        SiloHost.ResolveProjections(app.Services);
        var progress = new ProjectionProgress(dataSource);
        StatusPage.Map(app, progress);
        return await SiloLifetime.RunAsync(app, configuration.Notes, token => ProjectAsync(app, progress, url, token), cancellationToken);
    }

    private async Task ProjectAsync(WebApplication app, ProjectionProgress progress, string url, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        var before = await progress.EventsProjectedAsync(cancellationToken);
        var caughtUp = new CatchUp(progress, app.Services.GetRequiredService<EventFeed>(), ProgressDisplay.Tell);
        var state = await _display.ShowAsync("Projecting", report => caughtUp.WaitAsync(report, cancellationToken));
        var result = await DemoResult.ReadAsync(progress, state, before, watch.Elapsed, cancellationToken);
        var failure = caughtUp.Failure(state);
        if (once)
        {
            if (failure is not null)
                throw new StartupException(failure);
            await Console.Out.WriteLineAsync(result.ToJson());
            return;
        }

        await new DemoReport(progress.DataSource).ShowAsync(result, cancellationToken);
        if (failure is not null)
            ProgressDisplay.Tell(failure);
        ProgressDisplay.Tell($"The silo is running: {url}  (Ctrl-C stops it)");
        try
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        catch (OperationCanceledException) when (!app.Lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // Told to stop: that is how it ends.
        }
    }

    private static LogLevel Max(LogLevel a, LogLevel b) => a > b ? a : b;
}
