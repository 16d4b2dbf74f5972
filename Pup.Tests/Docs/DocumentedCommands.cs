namespace Pup.Tests.Docs;

/// <summary>The commands that the pages show, and what executes each of them.</summary>
internal static class DocumentedCommands
{
    private const string Bench = "By hand, on a quiet machine: a figure from a busy one is worth nothing.";

    private const string Curl = "HttpPageTests sends it.";

    private const string Shop = "ShopTests runs the program built from it.";

    public static IReadOnlyDictionary<string, string> All { get; } = new Dictionary<string, string>
    {
        ["./run.sh"] = "As the next, but it goes on until it is stopped.",
        ["./run.sh --once"] = "The continuous build runs it.",
        ["./test.sh"] = "The continuous build runs it.",
        ["dotnet run --project samples/Shop"] = Shop,
        ["dotnet run --project samples/Shop -- silo"] = Shop,
        ["dotnet run --project samples/Shop -- web"] = Shop,
        ["dotnet run --project samples/Shop -- load --rate 500 --seconds 10"] = "ShopTests runs the program built from it, at 100 for 5 s.",
        ["pup migrate"] = "ProcessTests runs it.",
        ["pup doctor"] = "HealthyTests runs it.",
        ["pup doctor --json"] = "HealthyTests runs it.",
        ["pup list"] = "ClusterCommandTests runs it.",
        ["pup list --json"] = "ClusterCommandTests runs it.",
        ["pup lag"] = "ClusterCommandTests runs it.",
        ["pup status ledger"] = "ClusterCommandTests runs it.",
        ["pup pause ledger"] = "ClusterCommandTests runs it.",
        ["pup resume ledger"] = "ClusterCommandTests runs it.",
        ["pup restart ledger"] = "ClusterCommandTests runs it.",
        ["pup repartition counter 3"] = "ClusterCommandTests runs it.",
        ["pup rebuild ledger --yes"] = "ClusterCommandTests runs it, with --json.",
        ["pup catch-up ledger"] = "ClusterCommandTests runs it.",
        ["pup sql recover ledger"] = "ClusterCommandTests runs it.",
        ["pup dead-letters list ledger"] = "ClusterCommandTests runs it.",
        ["pup dead-letters discard ledger --all --yes"] = "ClusterCommandTests runs it.",
        ["pup run --total-partitions=8"] = "ClusterTests runs it, with projections of its own.",
        ["pup run-projection --name=customers --workers=4"] = "ClusterTests runs it, with projections of its own.",
        ["shop"] = "DeploymentPatternTests runs it: it is the sample above it.",
        ["shop --Silo=false"] = "DeploymentPatternTests runs it.",
        ["shop projections --total-partitions=4"] = "DeploymentPatternTests runs it.",
        ["pup run --http=127.0.0.1:8080"] = "RunHttpTests runs it, on a port that is free.",
        ["curl http://localhost:8080/pup/projections"] = Curl,
        ["curl -H \"X-Api-Key: $KEY\" http://localhost:8080/pup/projections/orders"] = Curl,
        ["curl --no-buffer http://localhost:8080/pup/projections/orders/events"] = Curl,
        ["curl http://localhost:8080/pup/projections/orders/dead-letters?limit=10"] = Curl,
        ["curl http://localhost:8080/pup/openapi.json"] = Curl,
        ["curl -X POST -H \"Content-Type: application/json\" http://localhost:8080/pup/projections/orders/pause"] = Curl,
        ["curl -X POST -H \"Content-Type: application/json\" http://localhost:8080/pup/projections/orders/resume"] = Curl,
        ["curl -X POST -H \"Content-Type: application/json\" http://localhost:8080/pup/projections/orders/restart"] = Curl,
        ["curl -X PUT -H \"Content-Type: application/json\" -d '{\"partitions\":8}' http://localhost:8080/pup/projections/orders/partitions"] = Curl,
        ["curl -X POST -H \"Content-Type: application/json\" -d '{\"error\":\"timeout\"}' http://localhost:8080/pup/projections/orders/dead-letters/retry"] = Curl,
        ["curl -X POST -H \"Content-Type: application/json\" -d '{\"all\":true}' http://localhost:8080/pup/projections/orders/dead-letters/discard"] = Curl,
        ["curl -X POST -H \"Content-Type: application/json\" http://localhost:8080/pup/projections/orders/rebuild"] = Curl,
        ["curl http://localhost:8080/pup/projections/orders/rebuild"] = Curl,
        ["curl --no-buffer http://localhost:8080/pup/projections/orders/rebuild/events"] = Curl,
        ["curl -X DELETE http://localhost:8080/pup/projections/orders/rebuild"] = Curl,
        ["curl http://localhost:8080/health"] = Curl,
        ["curl http://localhost:8080/health/ready"] = "RunHttpTests asks for it.",
        ["curl http://localhost:8080/health/live"] = "RunHttpTests asks for it.",
        ["pg_dump -Fc -f pup.dump pup"] = "RestoreTests runs it.",
        ["createdb pup_restored"] = "RestoreTests makes a database, too.",
        ["pg_restore -d pup_restored pup.dump"] = "RestoreTests runs it.",
        ["pg_restore --clean -d pup pup.dump"] = "RestoreTests runs it.",
        ["pup accept-log"] = "RestoreTests runs it.",
        ["pg_basebackup -D /var/lib/postgresql/copy -c fast"] = "RestoreTests runs it.",
        ["pup rebuild NAME"] = "RebuildCommandTests runs it.",
        ["./test.sh chaos --minutes 30 --seed 4711"] = "By hand; `./test.sh` runs the same for less than a minute.",
        ["dotnet run -c Release --project bench -- catch-up --events 200000 --partitions 1 --json"] = Bench,
        ["dotnet run -c Release --project bench -- catch-up --partitions 4 --memory"] = Bench,
        ["dotnet run -c Release --project bench -- latency"] = Bench,
        ["dotnet run -c Release --project bench -- append"] = Bench,
        ["dotnet run -c Release --project bench -- failover"] = Bench,
        ["dotnet run -c Release --project bench -- wait"] = Bench,
        ["dotnet run -c Release --project bench -- idle"] = Bench,
        ["dotnet run -c Release --project bench -- telemetry"] = Bench,
        ["dotnet run -c Release --project bench -- lag"] = Bench,
    };
}
