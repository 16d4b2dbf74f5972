using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Hosting;
using Pup.Grains;
using Pup.Silo;

namespace Pup.Tests.Docs.Samples;

internal static class WebSamples
{
    #region web
    public static async Task<int> RunAsync(string[] args, Action<PupBuilder> addProjections, Action<WebApplication> map)
    {
        // Only the silo: the same as a process of its own.
        if (args is ["projections", .. var flags])
            return await PupHost.RunAsync(flags, addProjections);

        var builder = WebApplication.CreateBuilder(args);
        var health = builder.Services.AddHealthChecks();
        // Both, or, with --Silo=false, only the web.
        if (builder.Configuration.GetValue("Silo", defaultValue: true))
        {
            builder.UseOrleans(silo => addProjections(silo.UsePupClustering().AddPup()));
            health.AddPup();
        }

        await using var app = builder.Build();
        app.MapHealthChecks("/health/ready", new HealthCheckOptions { Predicate = check => check.Tags.Contains(PupHealthExtensions.Ready) });
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = check => check.Tags.Contains(PupHealthExtensions.Live) });
        map(app);
        await app.RunAsync();
        return 0;
    }
    #endregion
}
