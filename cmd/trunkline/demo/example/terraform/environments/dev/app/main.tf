terraform {
  backend "local" {
    path = "$DEPLOYED/dev/app.tfstate"
  }
}

module "app" {
  source      = "../../../modules/app"
  environment = "dev"
  replicas    = 1
}

output "deployed" {
  value = module.app.deployed
}
