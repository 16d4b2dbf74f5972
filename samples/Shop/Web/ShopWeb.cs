using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Pup.Client.Http;
using Pup.Grains;
using Pup.Silo;
using Shop.Projections;

namespace Shop.Web;

/// <summary>The process that serves the web: alone, or with a silo that shares the projections with all others.</summary>
internal static class ShopWeb
{
    public static async Task<int> RunAsync(string[] args, bool hasSilo)
    {
        var builder = WebApplication.CreateBuilder(args);
        if (string.IsNullOrEmpty(builder.Configuration["DATABASE_URL"]))
        {
            await Console.Error.WriteLineAsync("Shop: set DATABASE_URL to the database to work with, for example postgres://user:password@localhost:5432/shop.");
            return 2;
        }

        builder.Logging.AddFilter("Orleans", LogLevel.Warning).AddFilter("Microsoft.AspNetCore", LogLevel.Warning).AddFilter("Polly", LogLevel.Error);
        var health = builder.Services.AddHealthChecks();
        if (hasSilo)
        {
            builder.UseOrleans(silo => ShopProjections.AddTo(silo.UsePupClustering().AddPup(options => options.AutoMigrate = true)));
            builder.AddPupTelemetry();
            health.AddPup();
        }

        builder.AddShop();
        builder.Services.AddHostedService<Opening>();
        builder.Services.AddSingleton<ShopReader>();
        builder.Services.AddSingleton<ReadYourWrites>();
        builder.Services.AddProblemDetails();
        builder.Services.AddPupHttp();
        builder.Services.AddRazorComponents();

        await using var app = builder.Build();
        app.MapHealthChecks("/health/ready", new HealthCheckOptions { Predicate = check => check.Tags.Contains(PupHealthExtensions.Ready) });
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = check => check.Tags.Contains(PupHealthExtensions.Live) });
        app.MapPupHealth();
        app.MapPup();
        if (hasSilo)
            app.MapPupMetrics().RequirePup(app, PupPolicies.Read);
        app.MapPages();
        app.MapApi();
        await app.RunAsync();
        return 0;
    }
}
